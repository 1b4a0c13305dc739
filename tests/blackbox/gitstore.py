"""In-memory stand-ins for the git hosts' status and comment APIs.

A client that reads statuses or comments before it writes one sees its own earlier writes, so the
de-duplication of commit statuses and the updating of comments can be observed.
"""

import json
import re
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote

from request import Request

Body: TypeAlias = dict[str, Any]
Answer: TypeAlias = tuple[int, Any]

AZURE_STATUSES = {
    "id": "428dd4fb-fda5-4722-af02-9313b80305da",
    "area": "git",
    "resourceName": "statuses",
    "routeTemplate": "{project}/_apis/{area}/repositories/{repositoryId}/commits/{commitId}/{resource}",
    "resourceVersion": 1,
    "minVersion": "1.0",
    "maxVersion": "7.2",
    "releasedVersion": "7.1",
}


class GitStore:
    """Commit statuses and change-request comments, kept per commit or change request.

    `kind` is a provider type; `author` is who the comments that are written appear to be from.
    """

    def __init__(self, kind: str, author: str = "flux-bot") -> None:
        self.kind = kind
        self.author = author
        self.statuses: dict[str, list[Body]] = {}
        self.builds: dict[tuple[str, str | None], Body] = {}
        self.comments: dict[str, list[Body]] = {}
        self.next_id = 1

    def answer(self, request: Request) -> Answer | None:
        """Status and JSON of the reply; None for a request that the host does not know."""
        method, path = request["method"], unquote(request["path"])
        body: Body = {}
        if request["body"]:
            try:
                body = json.loads(request["body"])
            except ValueError:
                body = {k: v[0] for k, v in parse_qs(request["body"]).items()}
        query = {k: v[0] for k, v in parse_qs(request["query"]).items()}
        # One method for each kind of host.
        host: Callable[[str, str, dict[str, str], Body], Answer | None] = getattr(self, self.kind)
        return host(method, path, query, body)

    def _new(self, value: Body) -> Body:
        value["id"] = self.next_id
        self.next_id += 1
        return value

    def github(self, method: str, path: str, query: dict[str, str], body: Body) -> Answer | None:
        if path.endswith("/user"):
            return 200, {"login": "flux-bot", "id": 7}
        found = re.search(r"/repos/[^/]+/[^/]+/(?:commits|statuses)/([0-9a-f]+)(/statuses)?$", path)
        if found:
            kept = self.statuses.setdefault(found.group(1), [])
            if method == "GET":
                return 200, kept
            status = self._new(dict(body))
            kept.insert(0, status)
            return 201, status
        return self._issue_comments(method, path, body)

    def gitea(self, method: str, path: str, query: dict[str, str], body: Body) -> Answer | None:
        if path.endswith("/version"):
            return 200, {"version": "1.22.0"}
        if path.endswith("/user"):
            return 200, {"login": "flux-bot", "username": "flux-bot", "id": 7}
        found = re.search(r"/repos/[^/]+/[^/]+/(?:commits|statuses)/([0-9a-f]+)(/statuses)?$", path)
        if found:
            kept = self.statuses.setdefault(found.group(1), [])
            if method == "GET":
                return 200, kept
            status = self._new(dict(body, status=body.get("state")))
            kept.insert(0, status)
            return 201, status
        return self._issue_comments(method, path, body)

    def _issue_comments(self, method: str, path: str, body: Body) -> Answer | None:
        found = re.search(r"/issues/(\d+)/comments$", path)
        if found:
            kept = self.comments.setdefault(found.group(1), [])
            if method == "GET":
                return 200, kept
            user = {"login": self.author, "username": self.author, "id": 7}
            comment = self._new({"body": body.get("body", ""), "user": user})
            kept.append(comment)
            return 201, comment
        found = re.search(r"/issues/comments/(\d+)$", path)
        if found:
            for kept in self.comments.values():
                for comment in kept:
                    if comment["id"] == int(found.group(1)):
                        comment["body"] = body.get("body", comment["body"])
                        return 200, comment
            return 404, {"message": "Not Found"}
        return None

    def gitlab(self, method: str, path: str, query: dict[str, str], body: Body) -> Answer | None:
        if path.endswith("/user"):
            return 200, {"username": "flux-bot", "id": 7}
        found = re.search(r"/projects/[^/]+(?:/[^/]+)*?/(?:repository/commits|statuses)/([0-9a-f]+)(/statuses)?$", path)
        if found:
            sha = found.group(1)
            kept = self.statuses.setdefault(sha, [])
            if method == "GET":
                name = query.get("name")
                return 200, [s for s in kept if not name or s["name"] == name]
            name = body.get("name") or body.get("context")
            status = self._new(
                {
                    "sha": sha,
                    "name": name,
                    "status": body.get("state"),
                    "description": body.get("description"),
                }
            )
            kept[:] = [s for s in kept if s["name"] != name]
            kept.insert(0, status)
            return 201, status
        return self._notes(method, path, body)

    def _notes(self, method: str, path: str, body: Body) -> Answer | None:
        found = re.search(r"/merge_requests/(\d+)/notes(?:/(\d+))?$", path)
        if found:
            kept = self.comments.setdefault(found.group(1), [])
            if method == "GET":
                return 200, kept
            if found.group(2):
                for note in kept:
                    if note["id"] == int(found.group(2)):
                        note["body"] = body.get("body", note["body"])
                        return 200, note
                return 404, {"message": "404 Not Found"}
            note = self._new({"body": body.get("body", ""), "author": {"username": self.author, "id": 7}})
            kept.append(note)
            return 201, note
        return None

    def bitbucket(self, method: str, path: str, query: dict[str, str], body: Body) -> Answer | None:
        found = re.search(r"/commit/([0-9a-f]+)/statuses/build(?:/([^/]+))?/?$", path)
        if not found:
            return None
        key = found.group(2) or body.get("key")
        if method == "GET":
            status = self.builds.get((found.group(1), key))
            return (200, status) if status else (404, {"type": "error"})
        self.builds[found.group(1), key] = dict(body)
        return 201, body

    def bitbucketserver(self, method: str, path: str, query: dict[str, str], body: Body) -> Answer | None:
        found = re.search(r"/commits/([0-9a-f]+)/builds$", path)
        if not found:
            return None
        key = query.get("key") or body.get("key")
        if method == "GET":
            status = self.builds.get((found.group(1), key))
            return (200, status) if status else (404, {"errors": []})
        self.builds[found.group(1), key] = dict(body)
        return 204, {}

    def azuredevops(self, method: str, path: str, query: dict[str, str], body: Body) -> Answer | None:
        if method == "OPTIONS":
            return 200, {"count": 1, "value": [AZURE_STATUSES]}
        found = re.search(r"/commits/([0-9a-f]+)/statuses$", path)
        if not found:
            return None
        kept = self.statuses.setdefault(found.group(1), [])
        if method == "GET":
            return 200, {"count": len(kept), "value": kept}
        status = self._new(dict(body))
        kept.insert(0, status)
        return 201, status
