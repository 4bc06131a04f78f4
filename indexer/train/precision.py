"""The precision that a training computes in: mixed where the device has instructions for it."""

import torch


def mixed_precision() -> dict[str, bool]:
    """What ``TrainingArguments`` take for the device that there is.

    A GPU has bfloat16, or else float16. A CPU has bfloat16 where it has AVX-512 BF16 or AMX (twice
    as fast as float32 here); others would compute it slower than float32. Trainer accepts bfloat16
    on a CPU only if told to stay there.
    """
    if torch.cuda.is_available():
        bf16 = torch.cuda.is_bf16_supported()
        return {"bf16": bf16, "fp16": not bf16}
    found = torch.cpu.get_capabilities()
    bf16 = bool(found.get("avx512_bf16") or found.get("amx_bf16"))
    return {"bf16": bf16, "use_cpu": bf16}
