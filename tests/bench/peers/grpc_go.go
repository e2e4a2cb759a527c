// The contract of ordinald in grpc-go. IDs come from an atomic counter that begins at the time of the start.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	ids "ordinal/v1"
	expanded "peers/expanded"
)

var next = time.Now().UnixNano() / 1e6 << 22

// The first of count IDs.
func take(count uint32) int64 {
	return atomic.AddInt64(&next, int64(count)) - int64(count)
}

func runs(count uint32) []*ids.Run {
	return []*ids.Run{{First: take(count), Count: count, Step: 1}}
}

type idService struct {
	ids.UnimplementedIdServiceServer
}

func (idService) GetId(context.Context, *ids.GetIdRequest) (*ids.GetIdResponse, error) {
	return &ids.GetIdResponse{Id: take(1)}, nil
}

func (idService) GetIds(_ context.Context, request *ids.GetIdsRequest) (*ids.GetIdsResponse, error) {
	return &ids.GetIdsResponse{Runs: runs(request.Count)}, nil
}

func (idService) StreamIds(stream ids.IdService_StreamIdsServer) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&ids.StreamIdsResponse{Runs: runs(request.Count)}); err != nil {
			return err
		}
	}
}

type expandedService struct{}

func (expandedService) GetIds(_ context.Context, request *ids.GetIdsRequest) (*expanded.GetIdsResponse, error) {
	list := make([]int64, request.Count)
	first := take(request.Count)
	for i := range list {
		list[i] = first + int64(i)
	}
	return &expanded.GetIdsResponse{Ids: list}, nil
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(grpc.NumStreamWorkers(uint32(runtime.NumCPU())))
	ids.RegisterIdServiceServer(server, &idService{})
	expanded.RegisterExpandedServer(server, expandedService{})
	log.Fatal(server.Serve(listener))
}
