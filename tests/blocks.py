"""What blocks of a read file say, where the kind of the block is known."""

from mundap.ingest.blocks import Block, Cell, Table


def said(block: Block) -> str:
    """The text of a paragraph or heading."""
    assert not isinstance(block, Table), block
    return block.text


def cells(block: Block) -> tuple[tuple[Cell, ...], ...]:
    """The rows of a table."""
    assert isinstance(block, Table), block
    return block.rows
