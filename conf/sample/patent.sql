-- The table patent: the file patent.parquet, and the abstracts, which the sample stores once, in google_full.parquet.
-- A name in braces stands for a file of this folder.
SELECT p.patent_id, p.publication_number, p.title, w.abstract, p.grant_date, p.filing_date, p.kind, p.num_claims,
       p.patent_type, p.grant_year, p.grant_date_basis, p.grant_date_from, p.grant_date_to, p.country, p.source,
       p.all_sources
FROM {patent} AS p
JOIN {google_full} AS w ON w.publication_number = p.publication_number
