"""Screening (スクリーニング): include, exclude or maybe for each record of a collection."""
