package datasets

import (
	"fmt"
	"os"
	"path/filepath"
)

// CacheDir is the folder that downloads go to, in a folder per dataset: $PARE_CACHE, or
// "pare" in the user's cache folder where that is unset or empty. It need not exist yet.
func CacheDir() (string, error) {
	if dir := os.Getenv("PARE_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("datasets: no cache folder: %w; set PARE_CACHE, or data.dir to a folder with the official files", err)
	}
	return filepath.Join(dir, "pare"), nil
}
