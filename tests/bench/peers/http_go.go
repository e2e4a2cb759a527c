// GET /v1/id of ordinald in Go's net/http. IDs come from an atomic counter that begins at the time of the start.
package main

import (
	"log"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

var next = time.Now().UnixNano() / 1e6 << 22

func getID(w http.ResponseWriter, _ *http.Request) {
	body := append(make([]byte, 0, 32), `{"id":"`...)
	body = strconv.AppendInt(body, atomic.AddInt64(&next, 1), 10)
	body = append(body, `"}`...)
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func main() {
	http.HandleFunc("/v1/id", getID)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
