import type { Handler } from "../../providers/dynamic";

/** Asserts that of two objects of a kind neither is taken for the other: made, read and deleted each by itself. */
export async function expectApart<I extends object>(handler: Handler<I>, inputs: I, others: I): Promise<void> {
    const other = await handler.create(others),
        { id } = await handler.create(inputs);
    expect(id).not.toBe(other.id);
    expect(await handler.read(id, inputs)).toEqual(inputs);
    await handler.delete(id, inputs);
    expect([await handler.read(id, inputs), await handler.read(other.id, others)]).toEqual([undefined, others]);
}
