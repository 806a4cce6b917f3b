"""Language models.

Shared: config, lora, data. Instruction tuning: sft with sft_text, sft_loss, sft_measure, quality. Preferences: preferences, dpo,
reward_model, both by trl_run. Reinforcement: rewards, ppo with policy and advantage, reward_report. Export: merge, gguf_export, gguf_words.
"""
