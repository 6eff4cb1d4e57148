import pytest

from quarterdeck.access import authenticate, binding, members, passwords
from quarterdeck.access.actors import ActorKind, Role
from quarterdeck.db import Database
from quarterdeck.kernel.errors import Invalid, Unauthenticated


async def test_the_first_start_makes_a_workspace_an_owner_and_its_token(db: Database) -> None:
    async with db.transaction() as tx:
        made = await members.first_boot(tx, email="Sam@Example.com")
    assert made is not None and made.token is not None
    assert (made.workspace.name, made.owner.email, made.owner.role) == ("default", "sam@example.com", Role.OWNER)
    async with db.read() as tx:
        actor = (await authenticate.by_key(tx, made.token)).actor
    assert (actor.kind, actor.id, actor.role) == (ActorKind.MEMBER, made.owner.id, Role.OWNER)


async def test_later_starts_make_nothing(db: Database) -> None:
    async with db.transaction() as tx:
        await members.first_boot(tx)
    async with db.transaction() as tx:
        assert await members.first_boot(tx, token="another owner's token") is None
    async with db.read() as tx:
        with pytest.raises(Unauthenticated):
            await authenticate.by_key(tx, "another owner's token")


async def test_the_owner_may_bring_the_token(db: Database) -> None:
    async with db.transaction() as tx:
        made = await members.first_boot(tx, token="sixteen letters!")
    assert made is not None and made.token is None
    async with db.read() as tx:
        assert (await authenticate.by_key(tx, "sixteen letters!")).actor.id == made.owner.id


async def test_a_token_that_cannot_be_is_refused_with_what_a_good_one_is(db: Database) -> None:
    mistyped = "qd-m-" + "0" * 42
    for token, why in (("guess me", "at least 16"), (mistyped, "checksum is wrong")):
        with pytest.raises(Invalid, match=why) as caught:
            async with db.transaction() as tx:
                await members.first_boot(tx, token=token)
        assert caught.value.message.startswith("QUARTERDECK_OWNER_TOKEN ")
        assert "secrets.token_urlsafe(32)" in caught.value.message and token not in caught.value.message
    async with db.transaction() as tx:
        assert await members.first_boot(tx) is not None
    with pytest.raises(Invalid, match="QUARTERDECK_OWNER_TOKEN"):
        async with db.transaction() as tx:
            await members.use_owner_token(tx, mistyped)


async def test_other_machines_are_let_in_once_an_owner_has_a_password(db: Database) -> None:
    async with db.transaction() as tx:
        made = await members.first_boot(tx)
        assert made is not None
        viewer = await members.create(tx, made.workspace.id, email="v@example.com", name="V", role=Role.VIEWER)
        await members.set_password(tx, viewer, "hash", keep_session=None)
    await binding.check(db, "127.0.0.1")
    with pytest.raises(Invalid, match=r"Refusing to listen on 0\.0\.0\.0"):
        await binding.check(db, "0.0.0.0")
    async with db.transaction() as tx:
        digest = await passwords.hash_password("correct horse battery")
        await members.set_password(tx, made.owner, digest, keep_session=None)
    await binding.check(db, "0.0.0.0")
