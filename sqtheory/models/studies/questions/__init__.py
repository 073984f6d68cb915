"""The open questions about the order of sparsity and quantization, answered with numbers on one model."""

from sqtheory.models.studies.questions.answer import Answer, Subject
from sqtheory.models.studies.questions.answers import QUESTIONS

__all__ = ["QUESTIONS", "Answer", "Subject"]
