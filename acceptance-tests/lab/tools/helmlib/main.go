// helmlib renders charts in its own process with Helm's library, as `helm template` does, and tells how long it takes.
//
//	helmlib RUNS CHART...
//
// For each chart it prints one line: the nanoseconds of the fastest of RUNS renderings, the bytes rendered, the chart's
// path. Loading the chart is not part of the time, as it is not in the benchmark that this is held against.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"strconv"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader"
	release "helm.sh/helm/v4/pkg/release/v1"
)

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: helmlib RUNS CHART...")
	}
	runs, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	for _, path := range os.Args[2:] {
		fastest, size, err := measure(path, runs)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(fastest.Nanoseconds(), size, path)
	}
}

func measure(path string, runs int) (fastest time.Duration, size int, err error) {
	chart, err := loader.Load(path)
	if err != nil {
		return 0, 0, err
	}
	kubeVersion, err := common.ParseKubeVersion("v1.31.0")
	if err != nil {
		return 0, 0, err
	}
	for range runs {
		start := time.Now()
		install := action.NewInstall(action.NewConfiguration())
		install.DryRunStrategy = action.DryRunClient
		install.ReleaseName = "x"
		install.Namespace = "istio-system"
		install.Replace = true
		install.KubeVersion = kubeVersion
		rendered, err := install.RunWithContext(context.Background(), chart, map[string]any{})
		if err != nil {
			return 0, 0, err
		}
		if elapsed := time.Since(start); fastest == 0 || elapsed < fastest {
			fastest = elapsed
		}
		size = len(rendered.(*release.Release).Manifest)
	}
	return fastest, size, nil
}
