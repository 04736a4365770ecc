-- Default addresses without an index of their own. A customer's default address is one of the customer's addresses, so
-- it is nobody else's without an index to see to it, and nobody searches by it; keeping it was a tenth of the work of a
-- small write.
DROP INDEX IF EXISTS customers_default_address_id;
