"""Language models.

For all: config, lora, data. Instructions: sft with sft_text, sft_loss, sft_measure, quality. Preferences: preferences, dpo,
reward_model. Rewards: rewards, ppo with policy and advantage, reward_report. Export: merge, gguf_export, gguf_words.
"""
