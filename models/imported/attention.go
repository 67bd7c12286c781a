package imported
