package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// state is the folder in which the lab keeps one file a pod.
type state struct{ directory string }

type pod struct {
	// NetworkNamespace is the path of the pod's network namespace.
	NetworkNamespace string               `json:"netns"`
	Containers       map[string]container `json:"containers"`
}

type container struct {
	// Pid is the container's first process, as this process sees it.
	Pid int `json:"pid"`
	// Log is the path of the file that holds the container's output.
	Log string `json:"log"`
}

func (s state) pod(namespace, name string) (pod, error) {
	var found pod
	text, err := os.ReadFile(filepath.Join(s.directory, filepath.Base(namespace+"_"+name)+".json"))
	if err != nil {
		return found, fmt.Errorf("pod %s/%s has no process on this node", namespace, name)
	}
	err = json.Unmarshal(text, &found)
	return found, err
}

func (s state) container(namespace, podName, name string) (container, error) {
	pod, err := s.pod(namespace, podName)
	if err != nil {
		return container{}, err
	}
	found, ok := pod.Containers[name]
	if !ok {
		return container{}, fmt.Errorf("container %s of pod %s/%s has no process on this node", name, namespace, podName)
	}
	return found, nil
}

// requestedContainer answers the request itself when there is no such container.
func (s state) requestedContainer(w http.ResponseWriter, r *http.Request) (container, bool) {
	found, err := s.container(r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
	}
	return found, err == nil
}
