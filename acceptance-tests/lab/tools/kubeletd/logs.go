package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// pollInterval is how often a followed log is looked at.
const pollInterval = 100 * time.Millisecond

// serveLogs knows follow, tailLines and limitBytes. The logs of an earlier run of a container are not kept.
func (s state) serveLogs(w http.ResponseWriter, r *http.Request) {
	container, ok := s.requestedContainer(w, r)
	if !ok {
		return
	}
	query := r.URL.Query()
	if query.Get("previous") == "true" {
		http.Error(w, "the lab keeps no logs of earlier runs", http.StatusBadRequest)
		return
	}
	log, err := os.Open(container.Log)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	defer log.Close()
	if lines, err := strconv.Atoi(query.Get("tailLines")); err == nil {
		if err := seekToTail(log, lines); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusOK)
	if limit, err := strconv.ParseInt(query.Get("limitBytes"), 10, 64); err == nil {
		io.CopyN(w, log, limit)
		return
	}
	io.Copy(w, log)
	if query.Get("follow") == "true" {
		s.follow(w, r, log, container)
	}
}

// follow copies what is added to the log until the client leaves or the container is another one.
func (s state) follow(w http.ResponseWriter, r *http.Request, log io.Reader, followed container) {
	flusher := http.NewResponseController(w)
	for {
		flusher.Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(pollInterval):
		}
		now, err := s.container(r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"))
		if _, failed := io.Copy(w, log); failed != nil || err != nil || now != followed {
			return
		}
	}
}

// seekToTail moves to the start of the last lines of a file.
func seekToTail(file io.ReadSeeker, lines int) error {
	const block = 64 << 10
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	buffer := make([]byte, block)
	// The newline that ends the last line starts no further one.
	position, wanted := end, lines+1
	for position > 0 {
		start := max(0, position-block)
		chunk := buffer[:position-start]
		if _, err := file.Seek(start, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.ReadFull(file, chunk); err != nil {
			return err
		}
		if position == end && chunk[len(chunk)-1] != '\n' {
			wanted--
		}
		for found := bytes.LastIndexByte(chunk, '\n'); found >= 0; found = bytes.LastIndexByte(chunk[:found], '\n') {
			if wanted--; wanted == 0 {
				_, err := file.Seek(start+int64(found)+1, io.SeekStart)
				return err
			}
		}
		position = start
	}
	_, err = file.Seek(0, io.SeekStart)
	return err
}
