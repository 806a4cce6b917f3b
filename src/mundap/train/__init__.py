"""Models trained on one domain's own data, each measured before it is kept.

What the files are for, by what is trained:

- all: keep, curves, loop, feedback; stopped and gone on with: unfinished, resume, checkpoints
- what finds: pairs, folds, bench, measure; adapter; static; encoder with towers, examples, batches, losses, denoise, e5,
  fit_encoder, export_encoder, compare; cross
- what orders it: reranker, relearn; synonyms
- which sentence answers, and whether any does: logistic; reader with bearing; support, conformal
- keywords: keywords, bart, samples, export
- language models: llm, llm_data; sft with sft_text, sft_loss, sft_measure, quality; preferences, reward, dpo; ppo with
  policy, advantage, rewards, rewarded; merge, gguf_export, gguf_words
"""
