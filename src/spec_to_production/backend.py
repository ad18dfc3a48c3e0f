"""Where jobs run and which models they ask, as the settings say."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from spec_to_production import __version__
from spec_to_production.errors import SettingsError
from spec_to_production.gateway import Gateway, Price, Purse, find_price, find_provider
from spec_to_production.generation.remedies import MOST_ATTEMPTS
from spec_to_production.openhands import (
    CloudServer,
    EmbeddedServer,
    Fleet,
    RemoteServer,
    SeparateServers,
    cloud,
)
from spec_to_production.openhands.installation import pinned_version, price_lists
from spec_to_production.openhands.interface import Model
from spec_to_production.openhands.launch import agent_uid
from spec_to_production.openhands.rentals import Rentals
from spec_to_production.settings import CLOUD, Settings, cache_folder

Tell = Callable[[str], None]

_SHORTEST_SECRET = 20
"""Characters. Providers' keys are longer; what a model on one's own machine takes for a key
("none", "ollama") is not, and anybody could make a seal with it.
"""


def made_by(settings: Settings) -> str:
    """What writes the answers; one written by another is no answer to the same task."""
    server = "servers of the user" if settings.openhands_urls else pinned_version()
    return f"{settings.llm_model} {__version__} {server}"


def start(
    settings: Settings, work: Path, env: Mapping[str, str], kept: Path | None, tell: Tell
) -> Fleet:
    """The user's servers, or our own: as root one for each job, otherwise one for all.

    Should it end that they come from, it is replaced once. What is rented is recorded in the
    folder that is ``kept`` between runs, or in this machine's own.

    Raises:
        SettingsError: OpenHands Cloud cannot be used with what is given.
    """
    if settings.openhands_urls:
        return _elsewhere(settings, _rentals(kept, env), tell)

    kind = EmbeddedServer if agent_uid() is None else SeparateServers

    def embedded(name: str) -> EmbeddedServer | SeparateServers:
        return kind.start(work / name, cache_folder(env), tell, env)

    return Fleet([embedded("openhands")], spare=lambda: embedded("openhands-again"), patience_s=0)


def keeps_conversations(settings: Settings) -> bool:
    """Whether what a killed run began may still be there: on servers that are the user's own."""
    return bool(settings.openhands_urls) and CLOUD not in settings.openhands_urls


def give_back(settings: Settings, env: Mapping[str, str], kept: Path | None, tell: Tell) -> None:
    """Give back what killed runs had rented, where nothing is started; see :func:`start`."""
    if CLOUD in settings.openhands_urls and settings.openhands_api_key:
        cloud.give_back(settings.openhands_api_key, _rentals(kept, env), tell)


def _rentals(kept: Path | None, env: Mapping[str, str]) -> Rentals:
    return Rentals((kept or cache_folder(env)) / "sandboxes")


def key_of_cloud(settings: Settings) -> SecretStr | None:
    """What OpenHands Cloud lets this user in with; ``None`` where jobs run elsewhere.

    Raises:
        SettingsError: OpenHands Cloud cannot be used with what is given.
    """
    if CLOUD not in settings.openhands_urls:
        return None
    if len(settings.openhands_urls) > 1:
        raise SettingsError(
            "openhands-url: 'cloud' cannot be combined with other addresses, because "
            "openhands-api-key is then a key of the Cloud, which no other server may see."
        )
    if settings.openhands_api_key is None:
        raise SettingsError(
            "openhands-api-key: not given, and OpenHands Cloud lets nobody in without one.",
            hint=f"Make one at {cloud.ADDRESS} (Settings, API Keys) and give it as a secret.",
        )
    return settings.openhands_api_key


def _elsewhere(settings: Settings, rentals: Rentals, tell: Tell) -> Fleet:
    key = key_of_cloud(settings)
    if key is None:
        mine = settings.openhands_api_key
        return Fleet([RemoteServer(address, mine, tell) for address in settings.openhands_urls])
    rent = functools.partial(CloudServer, key, tell, rentals)
    return Fleet([rent()], spare=rent)


def models(settings: Settings) -> list[Model]:
    """The models as the user named them, the first choice first."""
    return [
        Model(name, settings.llm_api_key, settings.llm_base_url) for name in settings.llm_models
    ]


def sealing_key(settings: Settings) -> str | None:
    """A secret that agents, tests and a fork's run never see, and nobody guesses: the model's key,
    if it is kept from agents and long enough.
    """
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else ""
    if len(key) < _SHORTEST_SECRET or settings.openhands_urls:
        return None
    try:
        isolated = [find_provider(name, settings.llm_base_url) for name in settings.llm_models]
    except SettingsError:  # a job would be told; where all answers are known there is none
        return None
    return key if all(isolated) else None


@contextlib.contextmanager
def kept_from_agent(
    models: Sequence[Model], settings: Settings, jobs: int, env: Mapping[str, str], tell: Tell
) -> Iterator[list[Model]]:
    """The models as an agent on this machine reaches them: through gateways, without the key.

    Before a model is asked for the first time, ``tell`` hears whether its money can be limited.

    Raises:
        SettingsError: A model's provider is not known, or wants a key and there is none.
    """
    purse = Purse(
        requests=sum(_most_requests(settings, model, jobs) for model in models),
        tokens=settings.max_tokens,
        cost_usd=settings.max_cost_usd,
    )
    with contextlib.ExitStack() as stack:
        reached = []
        for model in models:
            provider = find_provider(model.name, model.base_url)
            if provider is None or settings.openhands_urls:
                why = (
                    "servers elsewhere cannot reach the gateway on this machine"
                    if settings.openhands_urls
                    else f"whoever asks {model.name} has to sign each request with it"
                )
                tell(f"The agent can see your model key: {why}.")
                reached.append(model)
                continue
            if model.api_key is None and model.base_url is None:
                raise SettingsError(
                    f"llm-api-key: not given, and the provider of {model.name} wants one.",
                    hint="Give llm-api-key, or LLM_API_KEY in the environment of the command line.",
                )
            gateway = Gateway(
                provider,
                model.api_key,
                purse,
                at_once=settings.max_parallel_jobs,
                find_price=functools.partial(_price, model.name, settings, env, tell),
            )
            stack.callback(gateway.close)
            reached.append(replace(model, api_key=gateway.key, base_url=gateway.address))
        yield reached


def limit_of_cost(settings: Settings, env: Mapping[str, str]) -> str:
    """What ends the jobs before they cost more, in words, as far as it is known before a run."""
    limits = []
    if settings.max_cost_usd is not None:
        limits.append(f"${settings.max_cost_usd:,.2f} (max-cost-usd)")
    if settings.max_tokens is not None:
        limits.append(f"{settings.max_tokens:,} tokens (max-tokens)")
    if not limits:
        return "Nothing limits what the model may cost; max-cost-usd or max-tokens would."
    told = f"Jobs are stopped at {' or '.join(limits)}"
    lists = price_lists(cache_folder(env), env)
    prices = {name: find_price(name, lists) for name in settings.llm_models}
    if unknown := [name for name, price in prices.items() if price is None]:
        where = "" if settings.max_cost_usd is None else ", and max-cost-usd holds only where it is"
        return f"{told}. The price of {', '.join(unknown)} is not known before the run{where}."
    dearest = max((price.dearest for price in prices.values() if price), default=None)
    if settings.max_tokens is not None and dearest is not None:
        told += f", which cost at most ${settings.max_tokens * dearest:,.2f}"
    return f"{told}."


def _price(model: str, settings: Settings, env: Mapping[str, str], tell: Tell) -> Price | None:
    price = find_price(model, price_lists(cache_folder(env), env))
    if price is None and settings.max_cost_usd is not None:
        tell(
            f"max-cost-usd cannot be enforced for {model}: its price is not known, and only "
            "answers that name their cost are counted. max-tokens holds in any case."
        )
    return price


def _most_requests(settings: Settings, model: Model, jobs: int) -> int:
    """What all jobs need when each one uses up every step, every message and every retry."""
    # The task, one reminder, the repairs, and what is sent again after a fault.
    messages = 2 + settings.repair_rounds + MOST_ATTEMPTS
    return jobs * messages * settings.max_iterations * (1 + model.retries)
