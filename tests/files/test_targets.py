import pytest

from sqtheory.exceptions import InputRefused
from sqtheory.files.checkpoints import TensorInfo, open_checkpoint
from sqtheory.files.targets import Targets


def tensor(name: str, shape: tuple[int, ...] = (8, 8), dtype: str = "F16") -> TensorInfo:
    return TensorInfo(name, dtype, shape, 0)


LINEARS = """
    model.layers.0.self_attn.q_proj.weight layers.3.mlp.down_proj.weight blocks.0.fc1.weight w
    encoder.layer.0.output.dense.weight
    transformer.h.0.attn.c_attn.weight transformer.h.0.mlp.c_proj.weight h.0.self_attention.query_key_value.weight
    model.layers.0.mlp.gate.weight model.layers.0.block_sparse_moe.gate.weight model.layers.0.mlp.router.weight
    model.layers.0.mlp.experts.gate_up_proj model.layers.0.mlp.shared_expert.up_proj.weight
    mlp.shared_experts.down_proj.weight
    model.language_model.language_model.layers.0.mlp.gate_proj.weight blk.0.attn_q.weight blk.0.ffn_gate_exps.weight
    encoder.block.0.layer.0.SelfAttention.q.weight decoder.block.3.layer.1.EncDecAttention.k.weight
    encoder.layers.0.self_attn.linear_pos.weight deberta.encoder.layer.0.attention.self.pos_proj.weight
    vision_model.encoder.layers.0.mlp.fc1.weight visual.transformer.resblocks.0.attn.in_proj_weight text_projection
    features.0.0.weight layer1.0.conv1.weight layer1.0.downsample.0.weight conv1.weight stages.0.blocks.0.conv_dw.weight
    mixer.in_proj.weight mixer.conv1d.weight mixer.x_proj.weight rnn.weight_ih_l0 gru.weight_hh_l1_reverse
    onnx::MatMul_812
    model.layers.0.self_attn.kv_a_proj_with_mqa.weight model.layers.0.self_attn.o_proj.lora_A.weight
    encoder/layer_0/query/kernel
    audio_spectrogram_transformer.encoder.layer.0.attention.attention.query.weight conv4_expand_weights fc_0.w_0
    mask_decoder.transformer.layers.0.self_attn.q_proj.weight mask_decoder.iou_prediction_head.layers.0.weight
    multi_head_attention.0.weight features.3.block.2.fc1.weight dense/kernel:0 model.layers.0.attention.wq.weight
""".split()
ROLES = {
    "embedding": """
        model.embed_tokens.weight transformer.wte.weight transformer.wpe.weight patch.weight token_embd.weight
        tok_embeddings.weight model.tok_embeddings.weight bert.embeddings.word_embeddings.weight
        bert.embeddings.position_embeddings.weight bert.embeddings.token_type_embeddings.weight shared.weight
        transformer.shared.weight encoder.embed_tokens.weight model.decoder.embed_positions.weight
        vision_model.embeddings.patch_embedding.weight visual.patch_embed.proj.weight decoder.token_embedding.weight
        decoder.positional_embedding pos_embed gpt_neox.embed_in.weight transformer.word_embeddings.weight emb.weight
        tok_emb.weight pos_emb.weight register_tokens query_tokens cls_token mask_decoder.mask_tokens.weight
        perceiver.latents token_embedding/embeddings:0 deberta.encoder.rel_embeddings.weight patch_embd.weight
        attention.self.distance_embedding.weight
    """,
    "head": "lm_head.weight output.weight head.weight classifier.weight score.weight transformer.output_layer.weight",
    "normalization": """
        model.layers.0.input_layernorm.weight h.0.ln_1.weight encoder.LayerNorm.weight bn1.weight layer1.0.bn2.weight
        transformer.ln_f.weight ln1.weight gn.weight layer_normalization/gamma:0 attn.q_norm.weight
    """,
    "rotary positions": """
        model.layers.0.self_attn.rotary_emb.inv_freq rope_freqs.weight rope_factors_long.weight freqs_cis
        model.rotary_emb.cos_cached layers.0.attention.inner_attention.rope.freqs rotary_pos_emb.inv_freq cos_cached
    """,
    "relative positions": """
        encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight blk.0.attn.rel_pos_h
        layers.0.blocks.0.attn.relative_position_bias_table layers.0.blocks.0.attn.relative_coords_table
        image_encoder.blocks.7.attn.rel_pos_w blocks.0.0.attn.attention_biases enc_p.encoder.attn_layers.0.emb_rel_k
        wavlm.encoder.layers.0.attention.relative_position_index alibi
    """,
    "position table": """
        pos_encoder.pe encoder.pos_enc prompt_encoder.pe_layer.positional_encoding_gaussian_matrix
    """,
    "attention mask": """
        transformer.h.0.attn.bias gpt_neox.layers.0.attention.bias transformer.h.0.attn.masked_bias
        layers.0.blocks.1.attn_mask attn.causal_mask blocks.0.attn.mask blocks.0.sa.heads.tril
    """,
    "bias": """
        model.layers.0.mlp.experts.gate_up_proj_bias encoder.layers.0.self_attn.pos_bias_u transformer.r_w_bias
        attention/query/bias lstm.bias_hh_l0 transformer.layer.0.rel_attn.r_s_bias dense/bias:0
    """,
    "layer scale": "blocks.0.ls1.gamma stages.0.0.gamma encoder.layer.0.layer_scale1 layer_scale1.lambda1 gamma_1"
    " transformer_blocks.0.scale_shift_table",
    "scale": "l.weight_quantizer._amax l.weights_scaling_factor attn.logit_scale l.scales l.zero_point",
    "signal basis": """
        stft.forward_basis_buffer _model.stft.forward_basis_buffer stft_conv.weight istft.inverse_basis
        0.stft.conv_real.weight
        spectrogram_extractor.stft.conv_imag.weight logmel_extractor.melW 1.melW mel_filters preprocessor.featurizer.fb
        preprocessor.featurizer.window mel_scale.fb dct_mat cqt_kernels_real cqt.cqt_kernels_imag wsin wcos mel_basis
        filterbank MFCC.dct_mat torch_mel.hann_window model.frontend.mel_fb
    """,
    "codebook": "quantizer.codevectors model.quantizer.codebook vq.layers.0.codebook.weight",
    "state-space parameter": "backbone.layers.0.mixer.A_log blocks.0.att.time_faaaa rwkv.blocks.0.attention.time_decay",
    "buffer": """
        bn1.running_mean layer.0.running_var encoder.num_batches_tracked model.embed.position_ids anchors
        model.22.anchor_grid
        batch/moving_variance:0
    """,
}


@pytest.mark.parametrize("name", LINEARS)
def test_linears_convolutions_routers_and_experts_are_targets(name: str) -> None:
    assert Targets().reason_to_skip(tensor(name)) is None


@pytest.mark.parametrize(("reason", "name"), [(role, name) for role, names in ROLES.items() for name in names.split()])
def test_what_is_no_weight_is_left_alone_by_any_of_its_names(reason: str, name: str) -> None:
    found = Targets().reason_to_skip(tensor(name))
    assert found == reason
    assert Targets((name,)).reason_to_skip(tensor(name)) is None


@pytest.mark.parametrize("shape", [(1, 8), (8, 1), (8, 1, 1), (1, 8, 1, 1), (1, 1)])
def test_a_vector_in_disguise_is_left_alone(shape: tuple[int, ...]) -> None:
    assert Targets().reason_to_skip(tensor("w", shape)) == "only one axis is longer than 1"
    assert Targets(("w",)).reason_to_skip(tensor("w", shape)) is None


@pytest.mark.parametrize("shape", [(0, 64), (64, 0), (2, 2), (1, 3, 7, 7)])
def test_what_has_two_axes_or_no_entry_is_no_vector(shape: tuple[int, ...]) -> None:
    assert Targets().reason_to_skip(tensor("w", shape)) is None


def test_vectors_and_integers_are_left_alone() -> None:
    assert Targets().reason_to_skip(tensor("bias", (8,))) == "fewer than two axes"
    assert Targets().reason_to_skip(tensor("ids", (8, 8), "I64")) == "dtype I64"
    assert Targets(("ids",)).reason_to_skip(tensor("ids", (8, 8), "I64")) is None


def test_naming_a_tensor_overrides_the_defaults_and_ignore_overrides_all() -> None:
    assert Targets(("lm_head.weight",)).reason_to_skip(tensor("lm_head.weight")) is None
    assert Targets(("re:.*bias",)).reason_to_skip(tensor("fc1.bias", (8,))) is None
    assert Targets(("fc1",)).reason_to_skip(tensor("fc1.weight")) == "not a target"
    assert Targets(("re:fc.*",), ("fc1.weight",)).reason_to_skip(tensor("fc1.weight")) == "ignored"


def test_nothing_left_is_refused_with_the_reasons() -> None:
    with pytest.raises(InputRefused, match="embedding, head"):
        Targets().split([tensor("lm_head.weight"), tensor("wte.weight")])
    with pytest.raises(InputRefused, match="no tensor"):
        Targets().split([])


@pytest.mark.parametrize(("model", "linears"), [("lm-dense", 42), ("vit-dense", 24)])
def test_the_zoo_has_its_linears(model: str, linears: int) -> None:
    with open_checkpoint(f"zoo:{model}") as checkpoint:
        taken, skipped = Targets().split(checkpoint.tensors)
    assert len(taken) == linears and len(taken) + len(skipped) == len(checkpoint.tensors)
