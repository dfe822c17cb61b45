"""The front end's files: one page for every address a person opens, its assets cached for good."""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

WEB = Path(__file__).parent.parent / "web"
NOT_BUILT = "The page is not built yet: run `make web`, then load this address again."


class ImmutableFiles(StaticFiles):
    """Files whose names change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def page_routes(web: Path = WEB) -> APIRouter:
    """`/`, `/consultation/{sessionId}`, `/i/{code}` and `/enter`, `/console` and below; tokens are left to the page."""
    router = APIRouter(include_in_schema=False)

    async def page() -> Response:
        return _page(web / "index.html")

    async def console() -> Response:
        return _page(web / "console.html")

    for path in ("/", "/consultation/{session_id}", "/i", "/i/{code}", "/enter"):
        router.add_api_route(path, page, methods=["GET", "HEAD"])
    for path in ("/console", "/console/{rest:path}"):
        router.add_api_route(path, console, methods=["GET", "HEAD"])
    return router


def _page(file: Path) -> Response:
    headers = {"Cache-Control": "no-store"}
    if not file.is_file():
        return HTMLResponse(f"<!doctype html><title>shinsatsu</title><p>{NOT_BUILT}", 503, headers)
    return FileResponse(file, headers=headers, media_type="text/html")


def asset_mounts(web: Path = WEB) -> list[Mount]:
    """What Vite built, where it was built."""
    return [Mount("/assets", ImmutableFiles(directory=web / "assets", check_dir=False), name="assets")]
