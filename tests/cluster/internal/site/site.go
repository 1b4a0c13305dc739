// Package site owns the folder of one test cluster: its keys, its certificate, its admin token and its kubeconfig.
//
// Everything in it is made anew for each start and is worthless after it, so nothing here is a secret to keep. The
// folder holds one cluster at a time; a second one started in it replaces the files.
package site

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// tokenBytes is the length of the admin token before it is written as text.
const tokenBytes = 16

// Site is the prepared folder of one cluster.
type Site struct {
	// Dir is the folder, absolute. The process stands in it, because a unix socket's path has about 100 bytes.
	Dir string
	// Port is where the API server listens on 127.0.0.1.
	Port int
	// Token is the bearer token of the admin, a member of system:masters.
	Token string
	// authority is the certificate that clients trust, PEM.
	authority []byte
}

// Prepare makes the folder if it is absent, writes the keys, the certificate and the token file for an API server on
// port, and changes into it.
func Prepare(dir string, port int) (*Site, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("resolve the folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder: %w", err)
	}
	if err := os.Chdir(dir); err != nil {
		return nil, fmt.Errorf("enter the folder: %w", err)
	}
	if err := os.RemoveAll(etcdFolder); err != nil {
		return nil, fmt.Errorf("clear the data of an earlier cluster: %w", err)
	}
	site := &Site{Dir: dir, Port: port, Token: newToken()}
	if err := site.writeSecrets(); err != nil {
		return nil, err
	}
	return site, nil
}

// Discard removes the data of etcd, the only large thing in the folder. Logs and kubeconfig stay for a post-mortem.
func (s *Site) Discard() error {
	return os.RemoveAll(filepath.Join(s.Dir, etcdFolder))
}

func (s *Site) writeSecrets() error {
	certificates, err := newCertificates()
	if err != nil {
		return fmt.Errorf("make the serving certificate: %w", err)
	}
	accountKey, err := newKey()
	if err != nil {
		return fmt.Errorf("make the service-account key: %w", err)
	}
	accountKeyPEM, err := encodeKey(accountKey)
	if err != nil {
		return fmt.Errorf("encode the service-account key: %w", err)
	}
	s.authority = certificates.authority
	files := map[string][]byte{
		servingCertFile: certificates.serving,
		servingKeyFile:  certificates.servingKey,
		accountKeyFile:  accountKeyPEM,
		tokenFile:       fmt.Appendf(nil, "%s,admin,admin,\"system:masters\"\n", s.Token),
	}
	for name, content := range files {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return fmt.Errorf("write the cluster's files: %w", err)
		}
	}
	return nil
}

func newToken() string {
	token := make([]byte, tokenBytes)
	// crypto/rand.Read never fails: it ends the process instead.
	_, _ = rand.Read(token)
	return hex.EncodeToString(token)
}
