"""What the map must beat: other maps, profiles, random levels, predictors."""
