"""Training: supervised stages, rollouts that keep the sampled tokens, PPO. Alone imports torch (extra `train`)."""
