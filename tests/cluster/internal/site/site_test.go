package site

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func prepared(t *testing.T, port int) *Site {
	t.Helper()
	// Prepare changes the working folder; this puts it back.
	t.Chdir(t.TempDir())
	site, err := Prepare("cluster", port)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func TestTheKubeconfigLeadsToTheServerAsAdmin(t *testing.T) {
	site := prepared(t, 6443)
	if err := site.WriteKubeconfig(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile("kubeconfig")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Clusters []struct{ Cluster struct{ Server string } }
		Users    []struct{ User struct{ Token string } }
	}
	if err := json.Unmarshal(content, &config); err != nil {
		t.Fatal(err)
	}
	if got, want := config.Clusters[0].Cluster.Server, "https://127.0.0.1:6443"; got != want {
		t.Errorf("server %q, want %q", got, want)
	}
	tokens, err := os.ReadFile(tokenFile)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Users[0].User.Token + `,admin,admin,"system:masters"`
	if got := strings.TrimSpace(string(tokens)); got != want {
		t.Errorf("token file %q, want %q", got, want)
	}
}

func TestAnEarlierClustersDataIsCleared(t *testing.T) {
	site := prepared(t, 6443)
	if err := os.MkdirAll("etcd/member", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare(site.Dir, 6443); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("etcd"); !os.IsNotExist(err) {
		t.Errorf("the data is still there: %v", err)
	}
}

func TestReadyMeansThatTheDefaultNamespaceIsThereToo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	site := prepared(t, listener.Addr().(*net.TCPAddr).Port)
	var asked atomic.Int32
	serve(t, listener, func(answer http.ResponseWriter, request *http.Request) {
		switch {
		case request.Header.Get("Authorization") != "Bearer "+site.Token:
			answer.WriteHeader(http.StatusUnauthorized)
		case request.URL.Path == "/api/v1/namespaces/default" && asked.Add(1) < 3:
			answer.WriteHeader(http.StatusNotFound)
		}
	})
	if err := site.AwaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := asked.Load(); got != 3 {
		t.Errorf("asked %d times for the namespace, want 3", got)
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	site := prepared(t, listener.Addr().(*net.TCPAddr).Port)
	serve(t, listener, func(answer http.ResponseWriter, _ *http.Request) {
		answer.WriteHeader(http.StatusInternalServerError)
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err = site.AwaitReady(ctx)
	if err == nil || !strings.Contains(err.Error(), "did not become ready") {
		t.Errorf("got %v, want that it did not become ready", err)
	}
}

// serve answers with the site's own certificate, so that a client that trusts the wrong one fails here.
func serve(t *testing.T, listener net.Listener, handler http.HandlerFunc) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(servingCertFile, servingKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}}}
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.ServeTLS(listener, "", "") }()
}
