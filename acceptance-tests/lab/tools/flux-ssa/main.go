// Applies a folder of manifests with fluxcd/pkg/ssa, or says what that would change: the peer that the apply engine is measured beside.
//
//	flux-ssa --kubeconfig FILE (diff | apply) DIR
package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/normalize"
	ssautil "github.com/fluxcd/pkg/ssa/utils"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const owner = "flux-ssa"

func main() {
	kubeconfig := flag.String("kubeconfig", "", "file")
	flag.Parse()
	if flag.NArg() != 2 {
		fail(fmt.Errorf("usage: flux-ssa --kubeconfig FILE (diff | apply) DIR"))
	}
	objects, err := read(flag.Arg(1))
	if err != nil {
		fail(err)
	}
	manager, err := newManager(*kubeconfig)
	if err != nil {
		fail(err)
	}
	switch flag.Arg(0) {
	case "diff":
		err = diff(context.Background(), manager, objects)
	case "apply":
		err = apply(context.Background(), manager, objects)
	default:
		err = fmt.Errorf("%q is neither diff nor apply", flag.Arg(0))
	}
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// No limit of requests on the client's side: the others have none either.
func newManager(kubeconfig string) (*ssa.ResourceManager, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	api, err := client.New(config, client.Options{})
	if err != nil {
		return nil, err
	}
	poller := polling.NewStatusPoller(api, api.RESTMapper(), polling.Options{})
	return ssa.NewResourceManager(api, poller, ssa.Owner{Field: owner, Group: "ssa.example"}), nil
}

func read(directory string) ([]*unstructured.Unstructured, error) {
	paths, err := filepath.Glob(filepath.Join(directory, "*.json"))
	if err != nil {
		return nil, err
	}
	sort.Strings(paths)
	var objects []*unstructured.Unstructured
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		found, err := ssautil.ReadObjects(bufio.NewReader(bytes.NewReader(content)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		objects = append(objects, found...)
	}
	return objects, normalize.UnstructuredList(objects)
}

func diff(ctx context.Context, manager *ssa.ResourceManager, objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		entry, _, _, err := manager.Diff(ctx, object, ssa.DefaultDiffOptions())
		if err != nil {
			return err
		}
		if entry.Action != ssa.UnchangedAction {
			fmt.Println(entry)
		}
	}
	return nil
}

func apply(ctx context.Context, manager *ssa.ResourceManager, objects []*unstructured.Unstructured) error {
	changes, err := manager.ApplyAllStaged(ctx, objects, ssa.DefaultApplyOptions())
	if err != nil {
		return err
	}
	fmt.Println(changes)
	return nil
}
