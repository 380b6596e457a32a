package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/creack/pty"
	"k8s.io/cri-streaming/pkg/streaming"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

func (s state) serveExec(w http.ResponseWriter, r *http.Request) {
	container, ok := s.requestedContainer(w, r)
	if !ok {
		return
	}
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeExec(w, r, container, "", "", "", r.URL.Query()["command"], options,
		streaming.DefaultConfig.StreamIdleTimeout, streaming.DefaultConfig.StreamCreationTimeout,
		streaming.DefaultConfig.SupportedRemoteCommandProtocols)
}

// ExecInContainer runs a command as the container's first process was started: in its mount and network
// namespaces, root and working directory, with its user and environment.
func (c container) ExecInContainer(ctx context.Context, _, _, _ string, command []string, in io.Reader, out, errOut io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	user, group, err := c.identity()
	if err != nil {
		return err
	}
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", c.Pid))
	if err != nil {
		return err
	}
	arguments := []string{"--target", strconv.Itoa(c.Pid), "--mount", "--net", "--root", "--wd",
		"--setuid", user, "--setgid", group, "--"}
	process := exec.CommandContext(ctx, "nsenter", append(arguments, command...)...)
	process.Env = strings.Split(string(bytes.TrimRight(environment, "\x00")), "\x00")
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if tty {
		err = runOnTerminal(process, in, out, resize)
	} else {
		err = runOnPipes(process, in, out, errOut)
	}
	if exit, ok := err.(*exec.ExitError); ok {
		return utilexec.ExitErrorWrapper{ExitError: exit}
	}
	return err
}

// identity is the effective user and group of the container's first process.
func (c container) identity() (user, group string, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Pid))
	if err != nil {
		return "", "", err
	}
	for _, line := range strings.Split(string(status), "\n") {
		switch fields := strings.Fields(line); {
		case len(fields) > 2 && fields[0] == "Uid:":
			user = fields[2]
		case len(fields) > 2 && fields[0] == "Gid:":
			group = fields[2]
		}
	}
	return user, group, nil
}

func runOnPipes(process *exec.Cmd, in io.Reader, out, errOut io.WriteCloser) error {
	if in != nil {
		// Not process.Stdin: Wait would then also wait for the client to close its end.
		stdin, err := process.StdinPipe()
		if err != nil {
			return err
		}
		go func() {
			defer stdin.Close()
			io.Copy(stdin, in)
		}()
	}
	// A nil io.WriteCloser in an io.Writer would not be nil.
	if out != nil {
		process.Stdout = out
	}
	if errOut != nil {
		process.Stderr = errOut
	}
	return process.Run()
}

func runOnTerminal(process *exec.Cmd, in io.Reader, out io.WriteCloser, resize <-chan remotecommand.TerminalSize) error {
	terminal, err := pty.Start(process)
	if err != nil {
		return err
	}
	defer terminal.Close()
	go func() {
		for size := range resize {
			pty.Setsize(terminal, &pty.Winsize{Cols: size.Width, Rows: size.Height})
		}
	}()
	if in != nil {
		go io.Copy(terminal, in)
	}
	if out != nil {
		// Ends with an error when the last process on the terminal ends.
		io.Copy(out, terminal)
	}
	return process.Wait()
}
