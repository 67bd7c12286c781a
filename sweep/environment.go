package sweep

import (
	"os"
	"strconv"
)

// IndexVariables are variables in which cluster managers tell a process its index: Slurm's job
// arrays and Kubernetes' Indexed Jobs.
var IndexVariables = []string{"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"}

// EnvironmentIndex is the index in the environment; false: there is none.
func EnvironmentIndex() (index int, found bool, err error) {
	for _, name := range IndexVariables {
		text := os.Getenv(name)
		if text == "" {
			continue
		}
		if index, err = strconv.Atoi(text); err != nil || index < 0 {
			return 0, true, inputError("%s is %q, it must be the index of a run", name, text)
		}
		return index, true, nil
	}
	return 0, false, nil
}
