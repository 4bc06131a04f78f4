"""The legs of a library answered by Milvus: vectors and filter fields in a cluster, and term lists
where it ranks them (milvus-lite, Milvus 2.5 and later).

Everything else is read from a replica of the library's folder; where Milvus does not answer, the
replica's BM25 does. The optional dependency is the extra ``milvus``.
"""

from search.library.milvus.address import MilvusAddress
from search.library.milvus.milvus_legs import MilvusLegs
from search.library.milvus.milvus_server import MilvusError, MilvusServer
from search.library.milvus.retrieval import MilvusRetrieval

__all__ = ["MilvusAddress", "MilvusError", "MilvusLegs", "MilvusRetrieval", "MilvusServer"]
