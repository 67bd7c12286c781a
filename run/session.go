package run

import (
	"fmt"
	"os"
	"strings"
	"time"

	"pare/internal/build"
)

// sessionsFile lists the processes that have worked in a run folder.
const sessionsFile = "sessions.json"

// folderFormat is the version of run folders that is written; all up to it are read.
// Folders of before there were versions have no sessionsFile.
const folderFormat = 1

// sessionList is the content of sessionsFile.
type sessionList struct {
	Format   int       `json:"format"`
	Sessions []Session `json:"sessions"`
}

// Session is one process that worked on a run: the first started it, the others resumed it.
type Session struct {
	Command string `json:"command,omitempty"` // as one would type it; "": the run was started by a program
	Started string `json:"started"`           // RFC 3339, UTC
	Host    string `json:"host,omitempty"`
	build.Build
}

// String is the session in a line, without its command.
func (s Session) String() string {
	text := s.Started
	if s.Host != "" {
		text += " on " + s.Host
	}
	return text + " by " + s.Build.String()
}

// beginSession adds this process to the sessions of the folder, before it does
// anything else there: a process that is killed is listed, too. Folders of earlier
// versions have no list; theirs begins here.
func (r *runner) beginSession() error {
	host, err := os.Hostname()
	if err != nil {
		host = "" // the run is worth more than the name of the machine
	}
	if r.sessions, err = r.folder.sessions(); err != nil {
		return err
	}
	r.sessions = append(r.sessions, Session{Command: r.Command, Started: time.Now().UTC().Format(time.RFC3339),
		Host: host, Build: build.Read()})
	return r.folder.writeJSON(sessionsFile, sessionList{folderFormat, r.sessions})
}

// readable refuses a folder that a later version of the program wrote.
func (f Folder) readable() error {
	var list struct{ Format int } // no more: a later list may look otherwise
	if _, err := f.readJSON(sessionsFile, &list); err != nil {
		return err
	}
	if list.Format > folderFormat {
		return &InputError{fmt.Errorf("%s is a run folder of format %d, and this program reads formats up to %d; "+
			"use a newer version of pare", f, list.Format, folderFormat)}
	}
	return nil
}

func (f Folder) sessions() ([]Session, error) {
	var list sessionList
	_, err := f.readJSON(sessionsFile, &list)
	return list.Sessions, err
}

// Sessions are the processes that worked on the run, in their order. Runs of earlier
// versions know one command at most.
func (a *Artifact) Sessions() ([]Session, error) {
	if a.Kind != KindRun {
		return nil, nil
	}
	return a.folder.sessions()
}

// commandsText lists sessions for a report, each below a line that says when, where and
// by which program.
func commandsText(sessions []Session) string {
	var b strings.Builder
	for i, s := range sessions {
		what := "started"
		if i > 0 {
			what = "resumed"
		}
		fmt.Fprintf(&b, "# %s %s\n", what, s)
		if s.Command != "" {
			fmt.Fprintln(&b, s.Command)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
