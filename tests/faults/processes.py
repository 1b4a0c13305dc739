"""Processes of the suite, forked from a server without threads: a fork of a process with threads may hang."""

import multiprocessing

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["destination", "poster"])
