"""The page that a link to an integration in Braze's dashboard leads to, so that no link of the demo is dead."""

from html import escape

from aiohttp import web

from cdi_bot.sandbox.braze.world import BrazeWorld

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>
<body style="font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem">
<h1>{name}</h1><p><code>{id}</code></p>
<p>In Braze's dashboard this is the integration's own page, with its Sync Log. The stand-in has no dashboard.</p>
</body></html>"""


def braze_dashboard_routes(world: BrazeWorld) -> list[web.RouteDef]:
    """Return the route of an integration's page; 404 for an unknown one."""

    async def show(request: web.Request) -> web.Response:
        integration = world.get(request.match_info["integration_id"])
        if integration is None:
            raise web.HTTPNotFound
        config = integration.config
        text = _PAGE.format(name=escape(config.integration_name), id=escape(config.integration_id))
        return web.Response(text=text, content_type="text/html")

    return [web.get("/integrations/cloud_data_ingestion/{integration_id}", show)]
