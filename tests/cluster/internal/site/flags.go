package site

import "fmt"

// Names inside the folder. All are relative: the process stands in it.
const (
	etcdFolder      = "etcd"
	etcdSocket      = "etcd.sock"
	peerSocket      = "peer.sock"
	servingCertFile = "serving.crt"
	servingKeyFile  = "serving.key"
	accountKeyFile  = "service-account.key"
	tokenFile       = "tokens.csv"
	issuer          = "https://kubernetes.default.svc"
)

// Etcd says where etcd keeps its data and listens. It listens on unix sockets: nobody can take one between choosing
// and using it, as happens to ports.
type Etcd struct {
	Folder, ClientURL, PeerURL string
}

// Etcd returns the settings that etcd and the API server share.
func (s *Site) Etcd() Etcd {
	return Etcd{Folder: etcdFolder, ClientURL: "unix://" + etcdSocket, PeerURL: "unix://" + peerSocket}
}

// APIServerFlags are the arguments of kube-apiserver: authorization as in a real cluster, and nothing that needs a node,
// a controller manager or a network beside the loopback interface.
func (s *Site) APIServerFlags() []string {
	return []string{
		"--etcd-servers=" + s.Etcd().ClientURL,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", s.Port),
		"--tls-cert-file=" + servingCertFile,
		"--tls-private-key-file=" + servingKeyFile,
		"--token-auth-file=" + tokenFile,
		"--authorization-mode=RBAC",
		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + accountKeyFile,
		"--service-account-signing-key-file=" + accountKeyFile,
		// Pods are never run here, and nothing makes the accounts that the plugin asks for.
		"--disable-admission-plugins=ServiceAccount",
		// A loopback address is no valid endpoint: without this the log fills with refused updates.
		"--endpoint-reconciler-type=none",
	}
}
