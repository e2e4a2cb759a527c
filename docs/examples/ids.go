// IDs over gRPC, in batches, with stubs made from the protos. On Debian, with golang-google-grpc-dev and
// protoc-gen-go-1-3:
//
//	export GO111MODULE=off GOPATH=$PWD/go:/usr/share/gocode
//	mkdir -p go/src && protoc -I proto --go_out=plugins=grpc:go/src ordinal/v1/ids.proto
//	go run ids.go 127.0.0.1:50051 10
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"

	ordinal "ordinal/v1"
)

func main() {
	target, count := "127.0.0.1:50051", uint64(10)
	if len(os.Args) > 1 {
		target = os.Args[1]
	}
	if len(os.Args) > 2 {
		count, _ = strconv.ParseUint(os.Args[2], 10, 32)
	}
	connection, err := grpc.Dial(target, grpc.WithInsecure())
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()

	// A call with a deadline waits for room if more is asked for than the server can give at once.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	reply, err := ordinal.NewIdServiceClient(connection).GetIds(ctx, &ordinal.GetIdsRequest{Count: uint32(count)})
	if err != nil {
		log.Fatal(err)
	}
	for _, run := range reply.Runs {
		for i := int64(0); i < int64(run.Count); i++ {
			fmt.Println(run.First + i*run.Step)
		}
	}
}
