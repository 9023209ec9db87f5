// What the rule chooses, run: one query of each head, whose rotation costs less than a launch; and
// a key that 128 heads have to themselves, which are enough to fill a device. Without the trip
// through the workspace the query is read once, and nothing is written for it.

// DEFINE: %{run} = attn-run %s --device=sim --check --stats=%t.json
// DEFINE: %{decode} = --entry=decode --inputs=random:2x4x1x128,random:2x2x133x128,random:2x2x133x128,132
// DEFINE: %{short} = --entry=short --inputs=random:4x32x8x64,random:4x32x128x64,random:4x32x128x64
// DEFINE: %{stats} = FileCheck %s --input-file=%t.json --implicit-check-not=workspace
// RUN: %{run} --chip=sm_80 %{decode} | FileCheck %s --check-prefix=OK
// RUN: %{stats} --check-prefix=DECODE
// RUN: %{run} --chip=sm_90a %{decode} | FileCheck %s --check-prefix=OK
// RUN: %{stats} --check-prefix=DECODE
// RUN: %{run} --chip=sm_80 %{short} | FileCheck %s --check-prefix=OK
// RUN: %{stats} --check-prefix=SHORT
// RUN: %{run} --chip=sm_90a %{short} | FileCheck %s --check-prefix=OK
// RUN: %{stats} --check-prefix=SHORT

// OK: "findings":0
// OK-SAME: "verdict":"ok"

// DECODE:      "query": {
// DECODE-NEXT:   "bytes_read": 2048,
// DECODE-NEXT:   "bytes_written": 0,
// DECODE:      "kernels": [
// DECODE-COUNT-1: "name":
// DECODE-NOT:  "name":

// SHORT:       "key": {
// SHORT-NEXT:    "bytes_read": 2097152,
// SHORT-NEXT:    "bytes_written": 0,
// SHORT:       "query": {
// SHORT-NEXT:    "bytes_read": 131072,
// SHORT-NEXT:    "bytes_written": 0,
// SHORT:       "kernels": [
// SHORT-COUNT-1: "name":
// SHORT-NOT:   "name":

!one = tensor<2x4x1x128xf16>
!cache = tensor<2x2x?x128xf16>
func.func @decode(%q: !one, %k: !cache, %v: !cache, %past: index) -> !one {
  %qr = attn.rotary input(%q : !one) offset(%past) -> !one
  %o = attn.attention query(%qr : !one) key(%k : !cache) value(%v : !cache) -> !one
  return %o : !one
}

!q = tensor<4x32x8x64xbf16>
!k = tensor<4x32x128x64xbf16>
func.func @short(%q: !q, %k: !k, %v: !k) -> !q {
  %qr = attn.rotary input(%q : !q) -> !q
  %kr = attn.rotary input(%k : !k) -> !k
  %o = attn.attention query(%qr : !q) key(%kr : !k) value(%v : !k) -> !q
  return %o : !q
}
