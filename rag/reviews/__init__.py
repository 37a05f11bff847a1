"""Reviews: the papers that treat a topic, what they find, where they agree, and the topic's share over the months."""
