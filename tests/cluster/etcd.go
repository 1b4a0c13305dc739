package main

import (
	"fmt"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"

	"campanile.test/cluster/internal/site"
)

const etcdStartsWithin = 30 * time.Second

// startEtcd returns when the store takes requests. It never syncs its files: they do not outlive the process.
func startEtcd(settings site.Etcd) (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Dir = settings.Folder
	config.UnsafeNoFsync = true
	config.LogLevel = "error"
	var err error
	if config.ListenClientUrls, err = urls(settings.ClientURL); err != nil {
		return nil, err
	}
	if config.ListenPeerUrls, err = urls(settings.PeerURL); err != nil {
		return nil, err
	}
	// What it advertises stays at the defaults: no other member is there to dial it.
	store, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-store.Server.ReadyNotify():
		return store, nil
	case <-time.After(etcdStartsWithin):
		return nil, fmt.Errorf("not ready within %s", etcdStartsWithin)
	}
}

func urls(text string) ([]url.URL, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	return []url.URL{*parsed}, nil
}
