package site

import (
	"encoding/base64"
	"fmt"
	"os"
)

const (
	kubeconfigFile = "kubeconfig"
	// JSON is YAML too, and needs no rules of quoting for what stands here.
	kubeconfigText = `{"apiVersion": "v1", "kind": "Config", "current-context": "test",
 "clusters": [{"name": "test", "cluster": {"server": "https://127.0.0.1:%d", "certificate-authority-data": "%s"}}],
 "users": [{"name": "admin", "user": {"token": "%s"}}],
 "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin", "namespace": "default"}}]}
`
)

// WriteKubeconfig writes the admin's kubeconfig. The file appears whole: a reader sees all of it or none.
func (s *Site) WriteKubeconfig() error {
	authority := base64.StdEncoding.EncodeToString(s.authority)
	content := fmt.Appendf(nil, kubeconfigText, s.Port, authority, s.Token)
	draft := kubeconfigFile + ".new"
	if err := os.WriteFile(draft, content, 0o600); err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	if err := os.Rename(draft, kubeconfigFile); err != nil {
		return fmt.Errorf("publish the kubeconfig: %w", err)
	}
	return nil
}
