"""Models trained on one domain's own data, each measured before it is kept.

- `common`: what several trainers share: questions and what is held out, figures before and after, checkpoints, the
  registry of models
- `retriever`: what finds passages: vectors of words, maps over vectors, encoders
- `rerank`: what orders them: the light ranker, the cross-encoder
- `reader`: which sentence answers, and whether any does
- `keywords`: models that write keywords, and synonyms
- `llm`: language models: instructions, preferences, rewards
"""
