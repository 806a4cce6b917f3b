"""Models trained on one domain's own data, each measured before it is kept.

- `common`: shared by the trainers: questions, held-out splits, figures before and after, checkpoints, the model registry
- `retriever`: static word vectors, adapters over vectors, encoders
- `rerank`: the light ranker, the cross-encoder
- `reader`: which sentence answers, and whether any does
- `keywords`: models that write keywords, and synonym mining
- `llm`: language models: instruction tuning, preferences, rewards
"""
