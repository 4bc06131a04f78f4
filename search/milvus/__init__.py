"""The legs of a library answered by Milvus: vectors and filter fields in a cluster, and term lists
where it ranks them (milvus-lite, Milvus 2.5 and later).

Everything else is read from a replica of the library's folder; where Milvus does not answer, the
replica's BM25 does. The optional dependency is the extra ``milvus``.
"""

from search.milvus.address import MilvusAddress
from search.milvus.legs import MilvusLegs
from search.milvus.retrieval import MilvusRetrieval
from search.milvus.server import MilvusError, MilvusServer

__all__ = ["MilvusAddress", "MilvusError", "MilvusLegs", "MilvusRetrieval", "MilvusServer"]
