import './consultation-element'
