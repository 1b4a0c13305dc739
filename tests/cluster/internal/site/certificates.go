package site

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// A test cluster lives for an hour; the margins allow for a clock that is set while it runs.
const (
	validBefore = time.Hour
	validAfter  = 24 * time.Hour
)

// certificates are the PEM texts of one serving certificate and of the authority that signed it. They are two, as
// rustls refuses an authority's own certificate from a server.
type certificates struct {
	authority, serving, servingKey []byte
}

func newCertificates() (*certificates, error) {
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test-cluster-authority"},
		NotBefore:             now.Add(-validBefore),
		NotAfter:              now.Add(validAfter),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	serving := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "kube-apiserver"},
		NotBefore:    authority.NotBefore,
		NotAfter:     authority.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:     []string{"localhost", "kubernetes.default.svc"},
	}
	authorityKey, err := newKey()
	if err != nil {
		return nil, err
	}
	servingKey, err := newKey()
	if err != nil {
		return nil, err
	}
	return sign(authority, authorityKey, serving, servingKey)
}

func sign(authority *x509.Certificate, authorityKey *ecdsa.PrivateKey, serving *x509.Certificate, servingKey *ecdsa.PrivateKey) (*certificates, error) {
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		return nil, err
	}
	// Parsed again, because the key identifier that links the two is made while signing.
	parent, err := x509.ParseCertificate(authorityDER)
	if err != nil {
		return nil, err
	}
	servingDER, err := x509.CreateCertificate(rand.Reader, serving, parent, servingKey.Public(), authorityKey)
	if err != nil {
		return nil, err
	}
	keyPEM, err := encodeKey(servingKey)
	if err != nil {
		return nil, err
	}
	return &certificates{
		authority:  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityDER}),
		serving:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: servingDER}),
		servingKey: keyPEM,
	}, nil
}

func newKey() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}
