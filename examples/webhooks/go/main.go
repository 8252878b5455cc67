// Receives webhooks of Rostrum: checks who sent them, answers them, and tells repetitions.
//
//	ROSTRUM_SDKAPPID=88888888 ROSTRUM_WEBHOOK_SECRET=… go run .
//
// ROSTRUM_WEBHOOK_TOKEN is the text given to `rostrum app set --webhook-token`, if any; PORT is 9000 unless it
// says otherwise.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	sdkAppID = os.Getenv("ROSTRUM_SDKAPPID")
	secret   = os.Getenv("ROSTRUM_WEBHOOK_SECRET")
	token    = os.Getenv("ROSTRUM_WEBHOOK_TOKEN")
)

const longestBody = 1 << 20

// fault says what is wrong with a webhook; it is empty when the webhook came from the server, just now, and is for this
// application.
func fault(query url.Values, header http.Header, body []byte, now time.Time) string {
	isRecent := func(text string) bool {
		seconds, err := strconv.ParseUint(text, 10, 40)
		return err == nil && now.Sub(time.Unix(int64(seconds), 0)).Abs() <= 300*time.Second
	}
	isSame := func(one, other string) bool { return hmac.Equal([]byte(one), []byte(other)) }

	if query.Get("SdkAppid") != sdkAppID {
		return "for another application"
	}
	sent, delivery := header.Get("X-Rostrum-Timestamp"), header.Get("X-Rostrum-Delivery")
	if !isRecent(sent) {
		return "not sent just now"
	}
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s.%s.%s.", sent, delivery, sdkAppID)
	mac.Write(body)
	if !isSame("v1="+hex.EncodeToString(mac.Sum(nil)), header.Get("X-Rostrum-Signature")) {
		return "signed with another secret"
	}
	if token != "" {
		asked := query.Get("RequestTime")
		sign := sha256.Sum256([]byte(token + asked))
		if !isRecent(asked) || !isSame(hex.EncodeToString(sign[:]), query.Get("Sign")) {
			return "signed with another token"
		}
	}
	return ""
}

// seen has the newest deliveries. Where it counts, keep them in the database, in the transaction of what they cause.
type seen struct {
	sync.Mutex
	ids   map[string]bool
	order []string
}

func (s *seen) isNew(delivery string) bool {
	s.Lock()
	defer s.Unlock()
	if s.ids[delivery] {
		return false
	}
	s.ids[delivery] = true
	s.order = append(s.order, delivery)
	if len(s.order) > 10_000 {
		delete(s.ids, s.order[0])
		s.order = s.order[1:]
	}
	return true
}

type event struct {
	CallbackCommand string
	Name            string
}

type reply struct {
	ActionStatus string
	ErrorCode    int
	ErrorInfo    string
}

// verdict is the answer to an event; only "before" webhooks look at it.
func verdict(e event) reply {
	isCreation := e.CallbackCommand == "OfficialAccount.CallbackBeforeCreateOfficialAccount"
	if isCreation && strings.Contains(e.Name, "forbidden") {
		return reply{"OK", 120001, "This name is not allowed."}
	}
	return reply{"OK", 0, ""}
}

func answer(w http.ResponseWriter, status int, r reply) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(r)
}

func main() {
	if sdkAppID == "" || secret == "" {
		log.Fatal("set ROSTRUM_SDKAPPID and ROSTRUM_WEBHOOK_SECRET")
	}
	known := seen{ids: map[string]bool{}}
	receive := func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			answer(w, http.StatusMethodNotAllowed, reply{"FAIL", 1, "POST"})
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestBody))
		if err != nil {
			answer(w, http.StatusRequestEntityTooLarge, reply{"FAIL", 1, "too long"})
			return
		}
		if reason := fault(r.URL.Query(), r.Header, body, time.Now()); reason != "" {
			answer(w, http.StatusUnauthorized, reply{"FAIL", 1, reason})
			return
		}
		var e event
		if err := json.Unmarshal(body, &e); err != nil {
			answer(w, http.StatusBadRequest, reply{"FAIL", 1, "no JSON"})
			return
		}
		if delivery := r.Header.Get("X-Rostrum-Delivery"); known.isNew(delivery) {
			fmt.Println(e.CallbackCommand, delivery)
		}
		answer(w, http.StatusOK, verdict(e))
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "9000"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	server := http.Server{Handler: http.HandlerFunc(receive), ReadTimeout: 30 * time.Second}
	log.Fatal(server.Serve(listener))
}
