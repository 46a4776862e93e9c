// Helpers that compare strings by their characters, when each lies in one piece.
import { JSString } from "../../engine/abi.ts"
import { I32, op, type Code } from "../../wasm/code.ts"

/**
 * (a, b) -> are the strings equal? 2 when they are ropes, slices or of different widths. Both have the tag of strings.
 */
export function writeStringsEqual(c: Code): void {
  const [p, q, left] = [c.local(I32), c.local(I32), c.local(I32)]
  const slow = c.block()
  c.get(0).op(op.i32_wrap_i64).set(p).get(1).op(op.i32_wrap_i64).set(q)
  for (const w of [p, q]) {
    c.get(w).mem("i32_load", JSString.hash_kind_type).i32(JSString.kind_shift).op(op.i32_shr_u).i32(3)
    c.op(op.i32_and).brIf(slow)
  }
  c.get(p).mem("i32_load", JSString.len_and_wide).tee(left).get(q).mem("i32_load", JSString.len_and_wide)
  c.op(op.i32_ne).if()
  // Another length, or another width: a wide string may still hold narrow characters only.
  c.get(left).get(q).mem("i32_load", JSString.len_and_wide).op(op.i32_xor).i32(0x7fff_ffff).op(op.i32_and, op.i32_eqz)
  c.brIf(slow).i32(0).op(op.return).end()
  // Bytes: twice the length of a wide string.
  c.get(left).i32(0x7fff_ffff).op(op.i32_and).get(left).i32(31).op(op.i32_shr_u, op.i32_shl).set(left)
  const next = c.loop()
  c.get(left).op(op.i32_eqz).if()
  c.i32(1).op(op.return).end()
  c.get(p).mem("i32_load8_u", JSString.characters).get(q).mem("i32_load8_u", JSString.characters).op(op.i32_ne).if()
  c.i32(0).op(op.return).end()
  c.get(p).i32(1).op(op.i32_add).set(p).get(q).i32(1).op(op.i32_add).set(q)
  c.get(left).i32(1).op(op.i32_sub).set(left).br(next).end()
  c.op(op.unreachable).end()
  c.i32(2)
}

/**
 * (a, b) -> -1, 0 or 1: how the strings are ordered; 2 when they are ropes, slices or wide. Both have the tag of
 * strings.
 */
export function writeStringsOrder(c: Code): void {
  const [p, q, m, n, left] = [c.local(I32), c.local(I32), c.local(I32), c.local(I32), c.local(I32)]
  const slow = c.block()
  c.get(0).op(op.i32_wrap_i64).set(p).get(1).op(op.i32_wrap_i64).set(q)
  for (const w of [p, q]) {
    c.get(w).mem("i32_load", JSString.hash_kind_type).i32(JSString.kind_shift).op(op.i32_shr_u).i32(3)
    c.op(op.i32_and).brIf(slow)
  }
  c.get(p).mem("i32_load", JSString.len_and_wide).tee(m)
  c.get(q).mem("i32_load", JSString.len_and_wide).tee(n).op(op.i32_or).i32(0).op(op.i32_lt_s).brIf(slow)
  c.get(m).get(n).get(m).get(n).op(op.i32_lt_s, op.select).set(left)
  const next = c.loop()
  c.get(left).op(op.i32_eqz).if()
  c.get(m).get(n).op(op.i32_gt_s).get(m).get(n).op(op.i32_lt_s, op.i32_sub, op.return).end()
  c.get(p).mem("i32_load8_u", JSString.characters).get(q).mem("i32_load8_u", JSString.characters).op(op.i32_ne).if()
  c.i32(1).i32(-1)
  c.get(p).mem("i32_load8_u", JSString.characters).get(q).mem("i32_load8_u", JSString.characters).op(op.i32_gt_u)
  c.op(op.select, op.return).end()
  c.get(p).i32(1).op(op.i32_add).set(p).get(q).i32(1).op(op.i32_add).set(q)
  c.get(left).i32(1).op(op.i32_sub).set(left).br(next).end()
  c.op(op.unreachable).end()
  c.i32(2)
}
