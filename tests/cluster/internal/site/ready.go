package site

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"
)

const (
	// ReadyWithin bounds a start; a busy machine with two cores needs less than a quarter of it.
	ReadyWithin = 2 * time.Minute

	pollEvery   = 50 * time.Millisecond
	pollTimeout = 5 * time.Second
)

// readyPaths must all answer 200: the default namespace is made only after the server calls itself ready.
var readyPaths = []string{"/readyz", "/api/v1/namespaces/default"}

// AwaitReady returns nil when the API server serves, or an error when it has not within ReadyWithin or ctx ends.
func (s *Site) AwaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ReadyWithin)
	defer cancel()
	client := s.client()
	for _, path := range readyPaths {
		if err := s.awaitPath(ctx, client, path); err != nil {
			return err
		}
	}
	return nil
}

func (s *Site) awaitPath(ctx context.Context, client *http.Client, path string) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		err := s.get(ctx, client, path)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the API server did not become ready, see its log: %w", err)
		case <-ticker.C:
		}
	}
}

func (s *Site) get(ctx context.Context, client *http.Client, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d%s", s.Port, path), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+s.Token)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", path, response.Status)
	}
	return nil
}

func (s *Site) client() *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	return &http.Client{Transport: transport, Timeout: pollTimeout}
}
