// The job of `weir serve` by go-control-plane: one filter by ECDS, taken from an envelope file that is watched, to every
// Envoy that connects. Nothing is checked, and all nodes get the same, which is the least that it can do.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strconv"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	httpwasm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/wasm/v3"
	wasm "github.com/envoyproxy/go-control-plane/envoy/extensions/wasm/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"github.com/fsnotify/fsnotify"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const filter = "weir.bench"

func main() {
	envelope := flag.String("envelope", "", "the file with the envelope")
	module := flag.String("module", "", "the module")
	tuned := flag.Bool("tuned", false, "the linear cache, and windows of a fixed size")
	flag.Parse()

	resources, put := snapshots()
	options := []grpc.ServerOption{grpc.MaxConcurrentStreams(1000), grpc.MaxSendMsgSize(64 << 20)}
	if *tuned {
		resources, put = linear()
		// As by default, but fixed: to find a better one it would ping every client after every ACK, a third of its CPU.
		options = append(options, grpc.InitialWindowSize(64<<10))
	}
	watcher, err := fsnotify.NewWatcher()
	must(err)
	must(watcher.Add(filepath.Dir(*envelope)))
	push := func() {
		text, err := os.ReadFile(*envelope)
		must(err)
		put(extension(string(text), *module))
	}
	push()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Printf("listening on %s\n", listener.Addr())
	grpcServer := grpc.NewServer(options...)
	discovery.RegisterAggregatedDiscoveryServiceServer(grpcServer, server.NewServer(context.Background(), resources, nil))
	go func() { must(grpcServer.Serve(listener)) }()

	for event := range watcher.Events {
		// A file renamed onto the old one shows as its creation.
		if event.Name == *envelope && event.Has(fsnotify.Create) {
			push()
		}
	}
}

// The cache that its documentation and its example use; all nodes share one snapshot.
func snapshots() (cache.Cache, func(*core.TypedExtensionConfig)) {
	all := cache.NewSnapshotCache(true, oneGroup{}, nil)
	revision := 0
	return all, func(one *core.TypedExtensionConfig) {
		revision++
		made, err := cache.NewSnapshot(strconv.Itoa(revision), map[resource.Type][]types.Resource{resource.ExtensionConfigType: {one}})
		must(err)
		must(all.SetSnapshot(context.Background(), everybody, made))
	}
}

const everybody = "everybody"

type oneGroup struct{}

func (oneGroup) ID(*core.Node) string { return everybody }

// The cache that makes a resource into bytes once for all streams; the other does so for each.
func linear() (cache.Cache, func(*core.TypedExtensionConfig)) {
	all := cache.NewLinearCache(resource.ExtensionConfigType)
	return all, func(one *core.TypedExtensionConfig) { must(all.UpdateResource(filter, one)) }
}

func extension(envelope, module string) *core.TypedExtensionConfig {
	return &core.TypedExtensionConfig{Name: filter, TypedConfig: packed(&httpwasm.Wasm{Config: plugin(envelope, module)})}
}

func plugin(envelope, module string) *wasm.PluginConfig {
	file := &core.DataSource{Specifier: &core.DataSource_Filename{Filename: module}}
	return &wasm.PluginConfig{
		Name:          "weir.bench",
		Configuration: packed(wrapperspb.String(envelope)),
		FailurePolicy: wasm.FailurePolicy_FAIL_RELOAD,
		Vm: &wasm.PluginConfig_VmConfig{VmConfig: &wasm.VmConfig{
			VmId: "weir.bench", Runtime: "envoy.wasm.runtime.v8",
			Code: &core.AsyncDataSource{Specifier: &core.AsyncDataSource_Local{Local: file}},
		}},
	}
}

func packed(message proto.Message) *anypb.Any {
	any, err := anypb.New(message)
	must(err)
	return any
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
