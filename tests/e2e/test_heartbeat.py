"""The real program and a dead-man's switch outside."""

from __future__ import annotations

import sys

import aiohttp
from aiohttp import web

from tests.e2e.kit import System
from tests.rigs.switch import TOKEN, hang, listening

QUICK = (
    "import cdi_bot.app, cdi_bot.cli.main; cdi_bot.app.INTERVALS['heartbeat'] = 0.1; cdi_bot.cli.main.main()"
)
"""The program, whose heart beats ten times a second."""


async def test_the_heartbeat_of_a_bot_that_works(system: System) -> None:
    """It comes again and again; what is wrong with it is logged once and shown by `/readyz`, the address nowhere."""

    async def refuse(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=500, text=TOKEN)

    async with listening() as switch, aiohttp.ClientSession() as client:
        system.program.command = (sys.executable, "-c", QUICK)
        bot = await system.start(CDI_BOT_HEARTBEAT_URL=switch.url, CDI_BOT_LOG_LEVEL="debug")
        await system.until(lambda: len(switch.asked) > 3)
        switch.answer = refuse
        await bot.logged("the heartbeat does not arrive")
        shown = []
        for page in ("readyz", "metrics"):
            async with client.get(f"http://127.0.0.1:{system.port}/{page}") as answer:
                shown.append(await answer.text())
                assert answer.status == 200
        assert '"heartbeat":"it answered 500"' in shown[0]
        before = len(switch.asked)
        await system.until(lambda: len(switch.asked) > before + 3)
        switch.answer = switch.took
        await bot.logged("the heartbeat arrives again")
        finished = await system.stop()
    assert finished.err.count("the heartbeat does not arrive") == 1
    assert TOKEN not in finished.out + finished.err + "".join(shown)


async def test_a_switch_that_hangs_delays_no_stop(system: System) -> None:
    """Nor anything else."""
    async with listening() as switch:
        switch.answer = hang
        system.program.command = (sys.executable, "-c", QUICK)
        users = system.create("Users")
        await system.start(CDI_BOT_HEARTBEAT_URL=switch.url)
        await system.until(lambda: len(switch.asked) == 1)
        await system.type("subscribe all")
        system.run(users)
        await system.alert("Users")
        await system.stop()
