"""Training: tokenizer, pre-training, distillation and fine-tuning; each writes a model directory
that ``--model`` takes.

torch is imported here freely; what only training needs is in the optional dependencies ``train``.
"""
