"""Whether a password can be guessed, by zxcvbn (Wheeler, USENIX Security 2016) as written in Rust.

Rules about digits and signs are met by ``Sakura2024!``; an estimate of how many guesses a password
takes, from words, names, dates and keyboard rows, is what NIST SP 800-63B asks for instead.
"""

from zxcvbn_rs_py import zxcvbn

from web.desk.common_words import COMMON_WORDS

# zxcvbn's "safely unguessable": enough beside argon2id and a limit on attempts.
_GUESSES = 1e8
# What comes after adds to a password; looking at it costs time that grows with the square.
_LOOKED_AT = 40
# What an account here is likely to be called.
_OWN_WORDS = ("jmedsearch", "jmed", "admin", "kanri", "kanrisha", "administrator")


def is_guessable(password: str, name: str) -> bool:
    """Whether a password of a user called ``name`` takes too few guesses."""
    words = [name, *name.replace(".", " ").replace("@", " ").split(), *_OWN_WORDS, *COMMON_WORDS]
    return zxcvbn(password[:_LOOKED_AT], words).guesses < _GUESSES
