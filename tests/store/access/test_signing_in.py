from quarterdeck.access import members
from quarterdeck.access.actors import Role
from quarterdeck.db import Database


async def test_an_email_that_no_store_can_hold_is_nobodys(db: Database) -> None:
    async with db.read() as tx:
        assert await members.everywhere(tx, "a\0@b") == []
        assert await members.everywhere(tx, "\ud800@b") == []


async def test_one_person_may_be_a_member_of_several_workspaces(db: Database) -> None:
    async with db.transaction() as tx:
        made = [
            await members.create(
                tx, (await members.create_workspace(tx, name)).id, email="sam@example.com", name="Sam", role=Role.VIEWER
            )
            for name in ("first", "second")
        ]
        assert await members.everywhere(tx, " SAM@example.com ") == made
