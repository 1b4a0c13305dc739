package main

import (
	"context"
	"fmt"
	"net"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// runAPIServer serves on listener until ctx ends and the server has drained.
func runAPIServer(ctx context.Context, arguments []string, listener net.Listener) error {
	completed, err := completeOptions(ctx, arguments, listener)
	if err != nil {
		return err
	}
	return app.Run(ctx, completed)
}

// completeOptions reads the arguments as the real command does, then hands over the open listener, so that nobody can
// take its port meanwhile.
func completeOptions(ctx context.Context, arguments []string, listener net.Listener) (options.CompletedOptions, error) {
	// The server warns itself of deprecated calls that it makes to itself.
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	server := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range server.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(arguments); err != nil {
		return options.CompletedOptions{}, fmt.Errorf("read the arguments: %w", err)
	}
	if err := server.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return options.CompletedOptions{}, fmt.Errorf("set the versions and feature gates: %w", err)
	}
	server.SecureServing.Listener = listener
	completed, err := server.Complete(ctx)
	if err != nil {
		return options.CompletedOptions{}, fmt.Errorf("complete the options: %w", err)
	}
	if invalid := completed.Validate(); len(invalid) > 0 {
		return options.CompletedOptions{}, fmt.Errorf("validate the options: %w", errors.NewAggregate(invalid))
	}
	return completed, nil
}
