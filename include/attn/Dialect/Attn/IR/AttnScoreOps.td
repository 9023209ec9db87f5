//===- AttnScoreOps.td - named ops of score and mask regions -*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A new mask or bias is one definition here and its `expand` in ScoreOps.cpp. What
// comes from a captured tensor is read by `attn.load` and handed over as a value.

#ifndef ATTN_DIALECT_ATTN_IR_ATTNSCOREOPS
#define ATTN_DIALECT_ATTN_IR_ATTNSCOREOPS

def Attn_LoadOp : Attn_Op<"load", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    InferTypeOpAdaptor]> {
  let summary = "one element of a captured tensor";
  let description = [{
    Reads `capture[indices]`. It is evaluated only for positions inside the
    problem, so an index that is in bounds there needs no clamp.
    Constraint L1: as many indices as the capture has dimensions.

    ```mlir
    %slope = attn.load %slopes[%h] : tensor<32xf32>
    ```
  }];
  let arguments = (ins Attn_TensorOrMemRef:$capture, Variadic<Index>:$indices);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$capture `[` $indices `]` attr-dict `:` type($capture)";
  let hasVerifier = 1;
}

class Attn_ScoreOp<string mnemonic, list<Trait> traits = []>
    : Attn_Op<mnemonic, traits # [Pure, DeclareOpInterfaceMethods<ScoreOpInterface>]>;

class Attn_MaskOp<string mnemonic, list<Trait> traits = []>
    : Attn_ScoreOp<mnemonic, traits> {
  let results = (outs I1:$result);
}

/// A position, or where to look in a captured tensor.
class Attn_IndexOp<string mnemonic, list<Trait> traits = []>
    : Attn_ScoreOp<mnemonic, traits> {
  let results = (outs Index:$result);
}

/// A score from a score.
class Attn_BiasOp<string mnemonic, list<Trait> traits = []>
    : Attn_ScoreOp<mnemonic, traits> {
  let results = (outs F32:$result);
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

def Attn_CausalOp : Attn_ScoreOp<"causal"> {
  let summary = "j <= i + offset";
  let description = [{
    Without an offset the diagonal starts at the top-left corner. The offset
    Sk - Sq aligns it to the bottom-right corner.
  }];
  let arguments = (ins Index:$i, Index:$j, Optional<Index>:$offset);
  let results = (outs I1:$result);
  let assemblyFormat = "$i `,` $j (`offset` $offset^)? attr-dict";
}

def Attn_WindowOp : Attn_ScoreOp<"window", [AttrSizedOperandSegments]> {
  let summary = "i + offset - left <= j <= i + offset + right";
  let description = [{
    Sliding window (Longformer, arXiv 2004.05150). A missing side is unbounded,
    a missing offset is 0.
  }];
  let arguments = (ins Index:$i, Index:$j, Optional<Index>:$left,
                       Optional<Index>:$right, Optional<Index>:$offset);
  let results = (outs I1:$result);
  let assemblyFormat = [{
    $i `,` $j (`left` $left^)? (`right` $right^)? (`offset` $offset^)? attr-dict
  }];
}

def Attn_PrefixLMOp : Attn_MaskOp<"prefix_lm"> {
  let summary = "j < prefix or j <= i";
  let description = [{
    Causal behind a prefix that every query sees (T5, arXiv 1910.10683, section 3.2).
  }];
  let arguments = (ins Index:$i, Index:$j, Index:$prefix);
  let assemblyFormat = "$i `,` $j `,` $prefix attr-dict";
}

def Attn_SameDocumentOp : Attn_MaskOp<"same_document", [SameTypeOperands]> {
  let summary = "query == key";
  let description = [{
    The document of the query and that of the key, in a batch of packed sequences
    (arXiv 2107.02027).
  }];
  let arguments = (ins AnySignlessIntegerOrIndex:$query,
                       AnySignlessIntegerOrIndex:$key);
  let assemblyFormat = "$query `,` $key attr-dict `:` type($query)";
}

def Attn_KeyRangeOp : Attn_MaskOp<"key_range"> {
  let summary = "begin <= j < end";
  let description = [{
    The keys of one packed sequence: neighbours in the cumulative lengths
    (`cu_seqlens`) of FlashAttention's varlen interface (arXiv 2307.08691).
  }];
  let arguments = (ins Index:$j, Index:$begin, Index:$end);
  let assemblyFormat = "$j `,` $begin `,` $end attr-dict";
}

def Attn_KeyLengthOp : Attn_MaskOp<"key_length"> {
  let summary = "j < length";
  let description = [{
    Padded keys are dropped: the key padding mask of the Transformer
    (arXiv 1706.03762), by lengths.
  }];
  let arguments = (ins Index:$j, Index:$length);
  let assemblyFormat = "$j `,` $length attr-dict";
}

def Attn_LongformerOp : Attn_MaskOp<"longformer", [AttrSizedOperandSegments]> {
  let summary = "|i - j| <= window or i < global or j < global or flags";
  let description = [{
    Local and global attention (Longformer, arXiv 2004.05150). Global tokens are the
    first `global` ones, or those with a flag of the query or of the key, or both.
    Constraint M3: a flag of the query and one of the key, or none.
  }];
  let arguments = (ins Index:$i, Index:$j, Index:$window,
                       Optional<Index>:$global_tokens, Optional<I1>:$query_flag,
                       Optional<I1>:$key_flag);
  let assemblyFormat = [{
    $i `,` $j `,` $window (`global` $global_tokens^)?
    (`flags` $query_flag^ `,` $key_flag)? attr-dict
  }];
  let hasVerifier = 1;
}

def Attn_DilatedWindowOp : Attn_MaskOp<"dilated_window"> {
  let summary = "|i - j| <= window and (i - j) mod dilation == 0";
  let description = [{
    Dilated sliding window (Longformer, arXiv 2004.05150). Constraint M1: a constant
    dilation is positive.
  }];
  let arguments = (ins Index:$i, Index:$j, Index:$window, Index:$dilation);
  let assemblyFormat = "$i `,` $j `,` $window `,` $dilation attr-dict";
  let hasVerifier = 1;
}

def Attn_SparseStridedOp : Attn_MaskOp<"sparse_strided"> {
  let summary = "j <= i and (i - j <= stride or (i - j) mod stride == 0)";
  let description = [{
    Both heads of the strided pattern (Sparse Transformer, arXiv 1904.10509).
    Constraint M1: a constant stride is positive.
  }];
  let arguments = (ins Index:$i, Index:$j, Index:$stride);
  let assemblyFormat = "$i `,` $j `,` $stride attr-dict";
  let hasVerifier = 1;
}

def Attn_SparseFixedOp : Attn_MaskOp<"sparse_fixed"> {
  let summary = "j <= i and (floor(i / stride) == floor(j / stride) or "
                "j mod stride >= stride - summaries)";
  let description = [{
    Both heads of the fixed pattern (Sparse Transformer, arXiv 1904.10509): the own
    block, and the last `summaries` positions of each block. Constraint M1: a constant
    stride is positive.
  }];
  let arguments = (ins Index:$i, Index:$j, Index:$stride, Index:$summaries);
  let assemblyFormat = "$i `,` $j `,` $stride `,` $summaries attr-dict";
  let hasVerifier = 1;
}

def Attn_LongNetOp : Attn_MaskOp<"longnet"> {
  let summary = "floor(i / segment) == floor(j / segment), and both are at shift "
                "modulo dilation in it";
  let description = [{
    Dilated attention (LongNet, arXiv 2307.02486): a segment keeps each position whose
    distance from its begin is `shift` modulo `dilation`, as query and as key. A shift of
    h mod dilation spreads the heads. Constraint M1: constant segments and dilations are
    positive.
  }];
  let arguments = (ins Index:$i, Index:$j, Index:$segment, Index:$dilation,
                       Optional<Index>:$shift);
  let assemblyFormat = [{
    $i `,` $j `,` $segment `,` $dilation (`shift` $shift^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Attn_BigBirdOp : Attn_MaskOp<"bigbird"> {
  let summary = "|i - j| <= window or i < global or j < global or j in random";
  let description = [{
    Window, global and random attention (BigBird, arXiv 2007.14062) of blocks: i and j
    count blocks, as `attn.block` gives them.
  }];
  let arguments = (ins Index:$i, Index:$j, Index:$window, Index:$global_blocks,
                       Variadic<Index>:$random);
  let assemblyFormat = [{
    $i `,` $j `,` $window `,` $global_blocks (`random` $random^)? attr-dict
  }];
}

def Attn_ChunkedOp : Attn_MaskOp<"chunked"> {
  let summary = "floor(i / size) == floor(j / size)";
  let description = [{
    Attention within chunks (`attention_chunk_size` of Llama 4, in Hugging Face
    transformers). Constraint M1: a constant size is positive.
  }];
  let arguments = (ins Index:$i, Index:$j, Index:$size);
  let assemblyFormat = "$i `,` $j `,` $size attr-dict";
  let hasVerifier = 1;
}

def Attn_BlockCausalOp : Attn_MaskOp<"block_causal"> {
  let summary = "floor(j / size) <= floor(i / size)";
  let description = [{
    Causal between blocks, all to all within one (Block Diffusion, arXiv 2503.09573).
    Constraint M1: a constant size is positive.
  }];
  let arguments = (ins Index:$i, Index:$j, Index:$size);
  let assemblyFormat = "$i `,` $j `,` $size attr-dict";
  let hasVerifier = 1;
}

def Attn_StreamingOp : Attn_MaskOp<"streaming"> {
  let summary = "j <= i and (j < sinks or i - j < window)";
  let description = [{
    Attention sinks and the latest `window` keys (StreamingLLM, arXiv 2309.17453).
  }];
  let arguments = (ins Index:$i, Index:$j, Index:$sinks, Index:$window);
  let assemblyFormat = "$i `,` $j `,` $sinks `,` $window attr-dict";
}

def Attn_DuoAttentionOp : Attn_MaskOp<"duo_attention"> {
  let summary = "j <= i and (retrieval or j < sinks or i - j < window)";
  let description = [{
    Retrieval heads see the past, the others sinks and a window (DuoAttention,
    arXiv 2410.10819). The flag is a value of the head.
  }];
  let arguments = (ins Index:$i, Index:$j, I1:$retrieval, Index:$sinks,
                       Index:$window);
  let assemblyFormat = [{
    $i `,` $j `,` $retrieval `,` $sinks `,` $window attr-dict
  }];
}

def Attn_TreeOp : Attn_MaskOp<"tree"> {
  let summary = "j < prefix or (j < prefix + nodes and ancestor)";
  let description = [{
    Tree attention of speculative decoding (SpecInfer, arXiv 2305.09781; Medusa,
    arXiv 2401.10774): all of the prefix, then the ancestors among the drafted nodes.
    `ancestor` is read at `attn.tree_node`.
  }];
  let arguments = (ins Index:$j, Index:$prefix, Index:$nodes, I1:$ancestor);
  let assemblyFormat = "$j `,` $prefix `,` $nodes `,` $ancestor attr-dict";
}

def Attn_BlockListOp : Attn_MaskOp<"block_list"> {
  let summary = "block == blocks[0] or block == blocks[1] or ...";
  let description = [{
    The key block is one of those selected for the query block (MoBA, arXiv 2502.13189;
    Native Sparse Attention, arXiv 2502.11089). A list that is shorter than the others
    is filled up with -1. Constraint M2: the list has an element.
  }];
  let arguments = (ins Index:$block, Variadic<Index>:$blocks);
  let assemblyFormat = "$block `in` $blocks attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Where to look in a captured tensor
//===----------------------------------------------------------------------===//

def Attn_BlockOp : Attn_IndexOp<"block"> {
  let summary = "floor(x / size)";
  let description = [{
    The block of a position: block-sparse masks (arXiv 2007.14062, 2502.13189) read
    their flags and lists there. Constraint M1: a constant size is positive.
  }];
  let arguments = (ins Index:$position, Index:$size);
  let assemblyFormat = "$position `,` $size attr-dict";
  let hasVerifier = 1;
}

def Attn_TreeNodeOp : Attn_IndexOp<"tree_node"> {
  let summary = "max(0, min(j - prefix, nodes - 1))";
  let description = [{
    The drafted node of a key, for `attn.tree`; a key of the prefix or beyond the tree
    gets one that exists. Constraint M1: a constant number of nodes is positive.
  }];
  let arguments = (ins Index:$j, Index:$prefix, Index:$nodes);
  let assemblyFormat = "$j `,` $prefix `,` $nodes attr-dict";
  let hasVerifier = 1;
}

def Attn_ClippedDistanceOp : Attn_IndexOp<"clipped_distance"> {
  let summary = "max(-limit, min(j - i, limit)) + limit";
  let description = [{
    The row of a table of 2 * limit + 1 relative positions (Shaw et al.,
    arXiv 1803.02155).
  }];
  let arguments = (ins Index:$i, Index:$j, Index:$limit);
  let assemblyFormat = "$i `,` $j `,` $limit attr-dict";
}

def Attn_RelativeBucketOp : Attn_IndexOp<"relative_bucket"> {
  let summary = "T5's bucket of the distance j - i";
  let description = [{
    The row of a table of relative position biases (T5, arXiv 1910.10683): half of the
    buckets are a distance each, the others grow logarithmically up to `max_distance`.
    With `bidirectional` one half of all buckets is for keys behind the query; without
    it those have the distance 0. Buckets change where the formula in real numbers has
    them change, so there is no logarithm to round.

    Constraint R1: 2 to 128 buckets, with `bidirectional` an even number from 4.
    Constraint R2: `max_distance` is larger than the number of exact buckets, and less
    than 2^30.
  }];
  let arguments = (ins Index:$i, Index:$j, I64Attr:$num_buckets,
                       I64Attr:$max_distance, UnitAttr:$bidirectional);
  let assemblyFormat = [{
    $i `,` $j `buckets` $num_buckets `max_distance` $max_distance
    (`bidirectional` $bidirectional^)? attr-dict
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

def Attn_AlibiOp : Attn_ScoreOp<"alibi"> {
  let summary = "s + slope * (j - i)";
  let description = "Attention with linear biases (arXiv 2108.12409).";
  let arguments = (ins F32:$score, F32:$slope, Index:$i, Index:$j);
  let results = (outs F32:$result);
  let assemblyFormat = "$score `,` $slope `,` $i `,` $j attr-dict";
}

def Attn_SoftcapOp : Attn_ScoreOp<"softcap"> {
  let summary = "cap * tanh(s / cap)";
  let description = "Logit soft capping (Gemma 2, arXiv 2408.00118).";
  let arguments = (ins F32:$score, F32:$cap);
  let results = (outs F32:$result);
  let assemblyFormat = "$score `,` $cap attr-dict";
}

def Attn_TransformerXLOp : Attn_BiasOp<"transformer_xl"> {
  let summary = "s + scale * (position + content_bias + position_bias)";
  let description = [{
    The terms (b), (c) and (d) of Transformer-XL (arXiv 1901.02860, section 3.3), as
    products that were computed before: q_i^T R_(i-j), u^T k_j and v^T R_(i-j).
  }];
  let arguments = (ins F32:$score, F32:$scale, F32:$position, F32:$content_bias,
                       F32:$position_bias);
  let assemblyFormat = [{
    $score `,` $scale `,` $position `,` $content_bias `,` $position_bias attr-dict
  }];
}

def Attn_TemperatureOp : Attn_BiasOp<"temperature"> {
  let summary = "s / temperature";
  let description = [{
    Softmax temperature (Hinton et al., arXiv 1503.02531), of all heads or of each.
  }];
  let arguments = (ins F32:$score, F32:$temperature);
  let assemblyFormat = "$score `,` $temperature attr-dict";
}

def Attn_LogLengthOp : Attn_BiasOp<"log_length"> {
  let summary = "s * factor * ln(n)";
  let description = [{
    Log-n scaling: Scalable-Softmax (arXiv 2501.19399), critical attention scaling
    (arXiv 2510.05554). n is the number of keys that the query sees, at least 1.
  }];
  let arguments = (ins F32:$score, F32:$factor, Index:$n);
  let assemblyFormat = "$score `,` $factor `,` $n attr-dict";
}

def Attn_YarnOp : Attn_BiasOp<"yarn"> {
  let summary = "s * (0.1 * ln(factor) + 1)^2";
  let description = [{
    The temperature of YaRN (arXiv 2309.00071, section 3.4), 1/t in place of sqrt(1/t)
    on query and key; `factor` is by how much the context was extended.
  }];
  let arguments = (ins F32:$score, F32:$factor);
  let assemblyFormat = "$score `,` $factor attr-dict";
}

#endif
